import { flag, integer, text, type Setting, type Settings } from "@hearth/config";
import { ownAddress } from "./io/own-address.ts";

export interface TaskEntry {
  readonly name: string;
  readonly entrypoint: string;
}

export interface AgentConfig {
  readonly natsUrl: string;
  readonly replicaId: string;
  readonly environment: string;
  readonly pool: string;
  readonly version: string;
  readonly concurrency: number;
  readonly singleUse: boolean;
  readonly memoryLimitBytes: number | undefined;
  readonly bundleSha256: string;
  readonly tasks: readonly TaskEntry[];
  readonly language: "python" | "node";
  readonly runnerCommand: readonly string[];
  readonly runnerVariables: Readonly<Record<string, string>>;
  readonly host: string;
  readonly port: number;
  readonly cacheFolder: string;
  readonly logLevel: string;
  readonly stopGraceMs: number;
  readonly orphanTimeoutMs: number;
  readonly cancelGraceMs: number;
}

/** Every process variable the agent reads. The provider sets those without a default. */
export const agentSettings: Settings<AgentConfig> = {
  natsUrl: text("HEARTH_NATS_URL", "NATS servers, comma-separated"),
  replicaId: text("HEARTH_REPLICA_ID", "the replica this is"),
  environment: text("HEARTH_ENVIRONMENT", "the environment it belongs to"),
  pool: text("HEARTH_POOL", "the pool it belongs to"),
  version: text("HEARTH_VERSION", "the version whose code it runs"),
  concurrency: integer("HEARTH_CONCURRENCY", "slots, 1 to 10,000; default 1", { min: 1, max: 10_000, fallback: 1 }),
  singleUse: flag("HEARTH_SINGLE_USE", "whether it serves one execution and ends; default false", false),
  memoryLimitBytes: {
    variable: "HEARTH_MEMORY_LIMIT_BYTES",
    about: "what the runner may hold where nothing else enforces it, in bytes; default no limit",
    parse(value) {
      if (value === undefined) return undefined;
      const bytes = Number(value);
      if (!(bytes >= 1)) throw new Error(`"${value}" is no number of bytes`);
      return bytes;
    },
  },
  bundleSha256: text("HEARTH_BUNDLE_SHA256", "SHA-256 of the code bundle, in lower-case hex"),
  tasks: json("HEARTH_TASKS", 'JSON: [{"name": ..., "entrypoint": ...}]', isTasks),
  language: { variable: "HEARTH_LANGUAGE", about: "python or node", parse: parseLanguage },
  runnerCommand: json("HEARTH_RUNNER_COMMAND", "JSON: the runner's program and its arguments", isTexts),
  runnerVariables: json(
    "HEARTH_RUNNER_VARIABLES",
    "JSON: process variables for the runner; default none",
    isTextByName,
    "{}",
  ),
  host: {
    variable: "HEARTH_AGENT_HOST",
    about: "address to listen on and to announce; auto: the first one that others can reach; default 127.0.0.1",
    parse: (value = "127.0.0.1") => (value === "auto" ? ownAddress() : value),
  },
  port: integer("HEARTH_AGENT_PORT", "port to listen on; default a free one", { min: 0, max: 65_535, fallback: 0 }),
  cacheFolder: text("HEARTH_CACHE_DIR", "folder that keeps code bundles between replicas"),
  logLevel: text("HEARTH_LOG_LEVEL", "trace, debug, info, warn, error or silent; default info", "info"),
  stopGraceMs: integer("HEARTH_STOP_GRACE_MS", "how long attempts may go on after SIGTERM, in ms; default 30,000", {
    min: 0,
    max: 86_400_000,
    fallback: 30_000,
  }),
  cancelGraceMs: integer(
    "HEARTH_CANCEL_GRACE_MS",
    "how long cancelled code may go on before it is given up and its runner replaced, in ms; default 10,000",
    { min: 0, max: 86_400_000, fallback: 10_000 },
  ),
  orphanTimeoutMs: integer(
    "HEARTH_ORPHAN_TIMEOUT_MS",
    "without NATS for this long it ends itself, in ms; default 60,000",
    {
      min: 1_000,
      max: 86_400_000,
      fallback: 60_000,
    },
  ),
};

function json<T>(variable: string, about: string, is: (value: unknown) => value is T, fallback?: string): Setting<T> {
  return {
    variable,
    about,
    parse(value) {
      const text = value ?? fallback;
      if (text === undefined) throw new Error("must be set");
      const parsed: unknown = JSON.parse(text);
      if (!is(parsed)) throw new Error("is JSON of another form");
      return parsed;
    },
  };
}

function parseLanguage(value: string | undefined): "python" | "node" {
  if (value === "python" || value === "node") return value;
  throw new Error(`"${value ?? ""}" is neither python nor node`);
}

function isTasks(value: unknown): value is TaskEntry[] {
  return Array.isArray(value) && value.every((item) => isTextByName(item) && "name" in item && "entrypoint" in item);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string");
}

function isTextByName(value: unknown): value is Record<string, string> {
  return typeof value === "object" && value !== null && Object.values(value).every((item) => typeof item === "string");
}
