import { readdirSync, readFileSync } from "node:fs";

/** A process and all that came from it, however far it went: as long as it kept its group or its process variables. */
export interface Family {
  /** Leads, or led, a process group. */
  readonly leaderPid: number;
  /** A process variable that the leader was started with and nobody else, such as `NAME=value`. */
  readonly mark: string;
}

/** Ends a family by force, now; nothing when nobody of it is left. Without proc(5) only the leader's group is found. */
export function endFamily({ leaderPid, mark }: Family): void {
  if (leaderPid > 0) kill(-leaderPid);
  const known = new Set<number>();
  // Somebody may have been born while the others were looked for.
  for (;;) {
    const found = marked(mark).filter((pid) => !known.has(pid));
    if (found.length === 0) return;
    for (const pid of found) {
      known.add(pid);
      kill(pid);
    }
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone, which is what was wanted.
  }
}

function marked(mark: string): readonly number[] {
  return entries("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => variables(name).includes(mark))
    .map(Number);
}

/** A process of which only the exit code is left, or of somebody else, has none here. */
function variables(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
  } catch {
    return [];
  }
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
