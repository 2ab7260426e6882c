import { HearthError } from "@hearth/errors";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** Where a running Hearth is found: gRPC addresses, "host:port". */
export interface Installation {
  readonly controlPlane: string;
  /** Only an `ExecutionClient` needs it: one router, or several in the order in which they are tried. */
  readonly router?: string | readonly string[];
  /**
   * How long a control plane that does not answer is asked again before whoever waits is told CONTROL_PLANE_UNREACHABLE.
   * Above 0. Default: HEARTH_UNREACHABLE_AFTER_MS, or else 5 s until it has answered once and 5 minutes afterwards.
   */
  readonly unreachableAfterMs?: number;
}

let chosen: Installation | undefined;

/** Runs of this program go to this installation. */
export function init(installation: Installation): void {
  chosen = { ...unreachableAfter(process.env["HEARTH_UNREACHABLE_AFTER_MS"]), ...installation };
}

/**
 * Runs of this program go where the configuration says: the file `path` when given, else HEARTH_CONTROL_PLANE, else the
 * file HEARTH_CONFIG, else the nearest .hearth/config.json from the working directory upwards. The
 * routers of HEARTH_ROUTER, which commas separate, come before those of a file. Throws INSTALLATION_NOT_FOUND.
 */
export function initFromConfig(path?: string): void {
  const variables =
    path === undefined ? process.env : { ...process.env, HEARTH_CONFIG: resolve(path), HEARTH_CONTROL_PLANE: "" };
  chosen = findInstallation(variables, process.cwd());
}

/** The installation of this program; from configuration when nothing was chosen. */
export function installation(): Installation {
  return (chosen ??= findInstallation(process.env, process.cwd()));
}

export function findInstallation(variables: NodeJS.ProcessEnv, folder: string): Installation {
  const controlPlane = variables["HEARTH_CONTROL_PLANE"];
  const router = (variables["HEARTH_ROUTER"] ?? "").split(",").flatMap((address) => address.trim() || []);
  return {
    ...(controlPlane ? { controlPlane } : readNearest(variables["HEARTH_CONFIG"], folder)),
    ...(router.length > 0 && { router }),
    ...unreachableAfter(variables["HEARTH_UNREACHABLE_AFTER_MS"]),
  };
}

function unreachableAfter(text: string | undefined): Pick<Installation, "unreachableAfterMs"> {
  if (!text) return {};
  const unreachableAfterMs = Number(text);
  if (unreachableAfterMs > 0) return { unreachableAfterMs };
  throw new HearthError("INVALID_REQUEST", `HEARTH_UNREACHABLE_AFTER_MS is "${text}"; give milliseconds above 0.`);
}

function readNearest(named: string | undefined, folder: string): Installation {
  const path = named ? resolve(folder, named) : findUpwards(folder);
  if (path !== undefined) return readConfigFile(path);
  throw notFound(
    `There is no .hearth/config.json in ${folder} or above. Start "hearth dev" there, or set HEARTH_CONTROL_PLANE or HEARTH_CONFIG.`,
  );
}

function findUpwards(folder: string): string | undefined {
  const candidate = join(folder, ".hearth", "config.json");
  if (existsSync(candidate)) return candidate;
  const parent = dirname(folder);
  return parent === folder ? undefined : findUpwards(parent);
}

function readConfigFile(path: string): Installation {
  let config: { readonly controlPlane?: unknown; readonly router?: unknown } | null;
  try {
    config = JSON.parse(readFileSync(path, "utf8")) as typeof config;
  } catch (error) {
    throw notFound(`${path} cannot be read: ${(error as Error).message}. Is "hearth dev" running?`);
  }
  if (typeof config?.controlPlane !== "string") {
    throw notFound(`${path} does not say where the control plane is: it needs "controlPlane": "host:port".`);
  }
  const { controlPlane, router } = config;
  return { controlPlane, ...((typeof router === "string" || isTexts(router)) && { router }) };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function notFound(message: string): HearthError {
  return new HearthError("INSTALLATION_NOT_FOUND", message);
}
