import { HearthError } from "@hearth/errors";
import { runCommand } from "./run-command.ts";

export interface Python {
  /** Its own path: behind a command there may be a wrapper that costs time at every start. */
  readonly path: string;
  /** Such as "3.12.1". */
  readonly version: string;
}

const askItself = "import platform, sys; print(platform.python_version(), sys.executable)";

/** The Python behind a command. Throws IMAGE_NOT_SUPPORTED when it does not run or is older than 3.10. */
export async function findPython(command: string): Promise<Python> {
  let answer = "";
  try {
    await runCommand(command, ["-c", askItself], {}, (line) => (answer = line));
  } catch {
    throw new HearthError(
      "IMAGE_NOT_SUPPORTED",
      `The image needs "${command}", which does not run on this machine: install it, or leave python_version out.`,
    );
  }
  const space = answer.indexOf(" ");
  const [version, path] = [answer.slice(0, space), answer.slice(space + 1)];
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < 3 || (major === 3 && minor < 10)) {
    throw new HearthError(
      "IMAGE_NOT_SUPPORTED",
      `"${command}" is Python ${version} on this machine; Hearth needs Python 3.10 or later.`,
    );
  }
  return { path, version };
}
