import { ConfigError } from "@hearth/config";
import Docker from "dockerode";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A Docker engine that answers. */
export interface DockerEngine {
  readonly docker: Docker;
  readonly cpus: number;
}

/** How long an engine may take to answer at the control plane's start. */
const answerTimeoutMs = 10_000;

/** What engines call the architectures that Node names otherwise. */
const architectures: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64", arm: "armv7l" };

/**
 * Connects to the engine at a unix://, tcp://, http:// or https:// address and asks it who it is. With
 * DOCKER_TLS_VERIFY among the variables, certificates come from DOCKER_CERT_PATH. Throws a `ConfigError` with what to
 * change.
 */
export async function connectDocker(host: string, variables: NodeJS.ProcessEnv): Promise<DockerEngine> {
  const docker = new Docker(addressOf(host, variables));
  let about: { readonly OSType?: string; readonly Architecture?: string; readonly NCPU?: number };
  try {
    about = (await within(answerTimeoutMs, docker.info())) as typeof about;
  } catch (error) {
    throw new ConfigError(
      `The Docker engine at ${host} does not answer (${(error as Error).message}): start it, set HEARTH_DOCKER_HOST ` +
        "to where it listens, let this user use it (group docker), or set HEARTH_PROVIDER=process.",
      { cause: error },
    );
  }
  const wanted = architectures[process.arch] ?? process.arch;
  if (process.platform !== "linux" || about.OSType !== "linux" || about.Architecture !== wanted) {
    throw new ConfigError(
      `The Docker engine at ${host} runs ${about.OSType ?? "an unknown system"}/${about.Architecture ?? "unknown"}, the ` +
        `control plane ${process.platform}/${wanted}. Containers get the control plane's own Node, so both must be ` +
        "Linux of one architecture.",
    );
  }
  return { docker, cpus: about.NCPU ?? 1 };
}

/** An engine may take a connection and never answer. */
async function within<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  const given = AbortSignal.timeout(timeoutMs);
  const late = once(given, "abort").then(() => {
    throw new Error(`no answer within ${timeoutMs} ms`);
  });
  return Promise.race([answer, late]);
}

function addressOf(host: string, variables: NodeJS.ProcessEnv): Docker.DockerOptions {
  if (host.startsWith("unix://")) return { socketPath: host.slice("unix://".length) };
  const url = URL.canParse(host) ? new URL(host) : undefined;
  if (url === undefined || !["tcp:", "http:", "https:"].includes(url.protocol)) {
    throw new ConfigError(`HEARTH_DOCKER_HOST is "${host}"; give a unix://, tcp://, http:// or https:// address.`);
  }
  const verify = (variables["DOCKER_TLS_VERIFY"] ?? "") !== "";
  const secure = url.protocol === "https:" || (url.protocol === "tcp:" && verify);
  const port = url.port === "" ? (secure ? 2376 : 2375) : Number(url.port);
  return {
    host: url.hostname,
    port,
    protocol: secure ? "https" : "http",
    ...(secure ? certificates(variables) : {}),
  };
}

function certificates(variables: NodeJS.ProcessEnv): Pick<Docker.DockerOptions, "ca" | "cert" | "key"> {
  const folder = variables["DOCKER_CERT_PATH"] ?? join(variables["HOME"] ?? "", ".docker");
  const read = (name: string): Buffer => readFileSync(join(folder, name));
  return { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
}

/** Whether the engine refused a request with one of these HTTP statuses. */
export function isStatus(error: unknown, ...statuses: readonly number[]): boolean {
  const { statusCode } = error as { readonly statusCode?: number };
  return statusCode !== undefined && statuses.includes(statusCode);
}
