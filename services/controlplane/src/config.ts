import { flag, integer, optionalText, text, type Setting, type Settings } from "@hearth/config";

/** What replicas are: processes of this machine, or containers of a Docker engine. */
export type Provider = (typeof providers)[number];

/** The control plane's configuration, read once at its start. */
export interface Config {
  readonly natsUrl: string;
  readonly stateFolder: string;
  readonly cacheFolder: string;
  readonly databaseUrl: string | undefined;
  readonly host: string;
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly publicUrl: string | undefined;
  readonly provider: Provider;
  readonly dockerHost: string | undefined;
  readonly dockerNetwork: string;
  readonly dockerPythonImage: string;
  readonly dockerNodeImage: string;
  readonly agentHost: string;
  readonly agentCommand: readonly string[] | undefined;
  readonly nodeRunner: readonly string[] | undefined;
  readonly pythonSdk: string | undefined;
  readonly stopReplicasOnExit: boolean;
  readonly startTimeoutMs: number;
  readonly drainGraceMs: number;
  readonly replacedGraceMs: number;
  readonly logLinesMax: number;
  readonly historyRetentionMs: number;
  readonly payloadGraceMs: number;
  readonly journalBytes: number;
  readonly replayJournal: boolean;
  readonly logLevel: string;
}

const providers = ["process", "docker"] as const;
const hour = 3_600_000;
const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

export const settings: Settings<Config> = {
  natsUrl: text(
    "HEARTH_NATS_URL",
    "NATS servers, between commas; default nats://127.0.0.1:4222",
    "nats://127.0.0.1:4222",
  ),
  stateFolder: text(
    "HEARTH_STATE_DIR",
    "folder of the SQLite file and of replicas; default .hearth/state",
    ".hearth/state",
  ),
  cacheFolder: text("HEARTH_CACHE_DIR", "folder of what can be made again; default .hearth/cache", ".hearth/cache"),
  databaseUrl: databaseUrl(),
  host: text("HEARTH_HOST", "address to listen on; default 127.0.0.1", "127.0.0.1"),
  grpcPort: integer("HEARTH_GRPC_PORT", "port of the gRPC services, 0 takes a free one; default 7701", {
    min: 0,
    max: 65_535,
    fallback: 7701,
  }),
  httpPort: integer("HEARTH_HTTP_PORT", "port of HTTP/JSON and the pages, 0 takes a free one; default 7700", {
    min: 0,
    max: 65_535,
    fallback: 7700,
  }),
  publicUrl: optionalText("HEARTH_PUBLIC_URL", "what run URLs begin with; default http://<host>:<HTTP port>"),
  provider: provider(),
  dockerHost: optionalText(
    "HEARTH_DOCKER_HOST",
    "the Docker engine: a unix://, tcp://, http:// or https:// address; default DOCKER_HOST, or unix:///var/run/docker.sock",
  ),
  dockerNetwork: text(
    "HEARTH_DOCKER_NETWORK",
    "the network of containers, from which HEARTH_NATS_URL must be reachable; default host",
    "host",
  ),
  dockerPythonImage: text(
    "HEARTH_DOCKER_PYTHON_IMAGE",
    "the image of the Debian base for Python, {version} being the one asked for; default python:{version}-slim-bookworm",
    "python:{version}-slim-bookworm",
  ),
  dockerNodeImage: text(
    "HEARTH_DOCKER_NODE_IMAGE",
    "the image of the Debian base for Node; default node:24-bookworm-slim",
    "node:24-bookworm-slim",
  ),
  agentHost: text("HEARTH_AGENT_HOST", "address agents listen on and announce; default 127.0.0.1", "127.0.0.1"),
  agentCommand: command(
    "HEARTH_AGENT_COMMAND",
    "JSON list, what starts an agent; default node and agent.mjs beside this file",
  ),
  nodeRunner: command(
    "HEARTH_NODE_RUNNER",
    "JSON list, what starts a Node runner; default node and runner.mjs beside this file",
  ),
  pythonSdk: optionalText(
    "HEARTH_PYTHON_SDK",
    "folder with the Python package hearth; default libs/sdk-python/src of the checkout",
  ),
  stopReplicasOnExit: flag(
    "HEARTH_STOP_REPLICAS_ON_EXIT",
    "whether replicas end with the control plane instead of being found again by the next one; default false",
    false,
  ),
  startTimeoutMs: integer(
    "HEARTH_START_TIMEOUT_MS",
    "how long a replica may take to load its code and be ready, in ms; default 300000",
    {
      min: 100,
      max: hour,
      fallback: 300_000,
    },
  ),
  drainGraceMs: integer(
    "HEARTH_DRAIN_GRACE_MS",
    "how long attempts of a draining replica may go on, in ms; default 30000",
    {
      min: 0,
      max: 24 * hour,
      fallback: 30_000,
    },
  ),
  replacedGraceMs: integer(
    "HEARTH_REPLACED_GRACE_MS",
    "the same for a replica that another one takes the place of (new version, recycling), in ms; default 3600000",
    { min: 0, max: 30 * 24 * hour, fallback: hour },
  ),
  logLinesMax: integer("HEARTH_LOG_LINES_MAX", "printed lines kept of each execution; default 10000", {
    min: 1,
    max: 1_000_000,
    fallback: 10_000,
  }),
  historyRetentionMs: integer(
    "HEARTH_HISTORY_RETENTION_MS",
    "how long runs are kept after they ended, in ms; default 604800000, seven days",
    { min: 1_000, max: 3_650 * 24 * hour, fallback: 7 * 24 * hour },
  ),
  payloadGraceMs: integer(
    "HEARTH_PAYLOAD_GRACE_MS",
    "how long a payload in the object store is kept that no run in the history names, in ms; default 3600000",
    { min: 5 * 60_000, max: 365 * 24 * hour, fallback: hour },
  ),
  journalBytes: integer(
    "HEARTH_JOURNAL_BYTES",
    "how much of the journal is kept beyond what the history and routers still need, in bytes; default 1073741824",
    { min: 1024 * 1024, max: 1024 ** 4, fallback: 1024 ** 3 },
  ),
  replayJournal: flag(
    "HEARTH_REPLAY_JOURNAL",
    "whether the journal is read from its first record again, to rebuild the history; done by itself when there is none; default false",
    false,
  ),
  logLevel: logLevel(),
};

function provider(): Setting<Provider> {
  return {
    variable: "HEARTH_PROVIDER",
    about: "what replicas are: process or docker; default process",
    parse(value = "process") {
      const found = providers.find((name) => name === value);
      if (found === undefined) throw new Error(`"${value}" is neither process nor docker`);
      return found;
    },
  };
}

function logLevel(): Setting<string> {
  return {
    variable: "HEARTH_LOG_LEVEL",
    about: `${logLevels.join(", ")}; default info`,
    parse(value = "info") {
      if (!logLevels.includes(value)) throw new Error(`"${value}" is no level`);
      return value;
    },
  };
}

function databaseUrl(): Setting<string | undefined> {
  return {
    variable: "HEARTH_DATABASE_URL",
    about: "a postgres:// URL; default a SQLite file in HEARTH_STATE_DIR",
    parse(value) {
      if (value !== undefined && !/^postgres(ql)?:\/\/./.test(value)) throw new Error("is no postgres:// URL");
      return value;
    },
  };
}

function command(variable: string, about: string): Setting<readonly string[] | undefined> {
  return {
    variable,
    about,
    parse(value) {
      if (value === undefined) return undefined;
      const parsed = parseJson(value);
      if (Array.isArray(parsed) && parsed.length > 0 && parsed.every((part) => typeof part === "string")) return parsed;
      throw new Error(`"${value}" is no JSON list of texts`);
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
