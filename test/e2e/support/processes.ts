import { readdirSync, readFileSync } from "node:fs";

/** A process of this machine. */
export interface FoundProcess {
  readonly pid: number;
  readonly command: string;
}

/** Every living process whose command line or process variables mention the text (proc(5)). */
export function processesMentioning(text: string): readonly FoundProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const command = readProcessFile(name, "cmdline");
      const variables = readProcessFile(name, "environ");
      // A process of which only the exit code is left has neither.
      if (!command.includes(text) && !variables.includes(text)) return [];
      return [{ pid: Number(name), command: command.replaceAll("\0", " ").trim() }];
    });
}

/** Whether a process of that id lives; one of which only the exit code is left does not. */
export function isAlive(pid: number): boolean {
  const state = readProcessFile(String(pid), "stat").split(") ").at(-1)?.charAt(0) ?? "";
  return state !== "" && state !== "Z";
}

function readProcessFile(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
