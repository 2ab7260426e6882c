import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export { endFamily, type Family } from "./end-family.ts";

/** A process, told apart from a later one that got the same id. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it was started, as the system says it; only good for comparing. */
  readonly birth: string;
}

/** The identity of a living process; undefined when there is none of that id, or only its exit code is left. */
export function identify(pid: number): ProcessIdentity | undefined {
  const birth = process.platform === "linux" ? linuxStart(pid) : psStart(pid);
  return birth === undefined ? undefined : { pid, birth };
}

/** Whether the very same process lives. */
export function isSameAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.birth === identity.birth;
}

/** proc(5): after the command in brackets come the state (field 3) and the start in clock ticks since boot (field 22). */
function linuxStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function psStart(pid: number): string | undefined {
  try {
    const line = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
    const [state = "Z", ...start] = line.split(/\s+/);
    return state.startsWith("Z") ? undefined : start.join(" ");
  } catch {
    return undefined;
  }
}
