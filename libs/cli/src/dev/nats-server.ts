import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { CliFailure } from "../cli-failure.ts";

/** The path of a nats-server: HEARTH_NATS_SERVER, or the one in the PATH. Throws NATS_SERVER_MISSING. */
export function findNatsServer(variables: NodeJS.ProcessEnv): string {
  const named = variables["HEARTH_NATS_SERVER"];
  if (named) {
    if (isExecutable(named)) return named;
    throw new CliFailure("NATS_SERVER_MISSING", `HEARTH_NATS_SERVER is ${named}, which is not an executable file.`);
  }
  const folders = (variables["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const found = [...folders, "/usr/sbin", "/usr/local/sbin"]
    .map((folder) => join(folder, "nats-server"))
    .find(isExecutable);
  if (found !== undefined) return found;
  throw new CliFailure(
    "NATS_SERVER_MISSING",
    'There is no nats-server in the PATH. Install it ("apt-get install nats-server" on Debian and Ubuntu, "brew install nats-server" on macOS), or set HEARTH_NATS_SERVER to its path.',
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
