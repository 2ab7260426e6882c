import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { CliFailure } from "./cli-failure.ts";

/** Where a running Hearth is found. */
export interface Installation {
  /** The control plane's gRPC address, "host:port". */
  readonly controlPlane: string;
}

/**
 * The installation that the variables or the folder point to: HEARTH_CONTROL_PLANE, else the file HEARTH_CONFIG, else
 * the nearest .hearth/config.json from `folder` upwards. Throws INSTALLATION_NOT_FOUND.
 */
export function findInstallation(variables: NodeJS.ProcessEnv, folder: string): Installation {
  const address = variables["HEARTH_CONTROL_PLANE"];
  if (address) return { controlPlane: address };
  const named = variables["HEARTH_CONFIG"];
  const path = named ? resolve(folder, named) : findUpwards(folder);
  if (path === undefined) {
    throw new CliFailure(
      "INSTALLATION_NOT_FOUND",
      `There is no .hearth/config.json in ${folder} or above. Start "hearth dev" there, or set HEARTH_CONTROL_PLANE or HEARTH_CONFIG.`,
    );
  }
  return readConfigFile(path);
}

function findUpwards(folder: string): string | undefined {
  const candidate = join(folder, ".hearth", "config.json");
  if (existsSync(candidate)) return candidate;
  const parent = dirname(folder);
  return parent === folder ? undefined : findUpwards(parent);
}

function readConfigFile(path: string): Installation {
  let config: unknown;
  try {
    config = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const message = `${path} cannot be read: ${(error as Error).message}. Is "hearth dev" running?`;
    throw new CliFailure("INSTALLATION_NOT_FOUND", message);
  }
  const controlPlane = (config as { controlPlane?: unknown } | null)?.controlPlane;
  if (typeof controlPlane !== "string") {
    const message = `${path} does not say where the control plane is: it needs "controlPlane": "host:port".`;
    throw new CliFailure("INSTALLATION_NOT_FOUND", message);
  }
  return { controlPlane };
}
