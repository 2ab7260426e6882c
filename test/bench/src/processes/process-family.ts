import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/**
 * Processes that belong together: those that were started with the mark, such as `NAME=value`, those of the roots, and all
 * that came from either. Who was seen once stays one of them, whatever becomes of its parent; its variables alone would not
 * do, since whoever gives itself another title (Redis, Ray's workers) writes over them. Without proc(5) there is nobody.
 */
export class ProcessFamily {
  readonly #mark: string;
  readonly #roots: readonly number[];
  /** Process ids, each with the birth that tells it from a later process of the same id. */
  readonly #known = new Map<number, string>();

  constructor(mark: string, roots: readonly number[] = []) {
    this.#mark = mark;
    this.#roots = roots;
  }

  /** Makes all of them stand still and resolves when they do. Throws when they do not within two seconds. */
  async pause(): Promise<void> {
    const deadline = performance.now() + 2_000;
    const told = new Set<number>();
    for (;;) {
      // Only when all stand still, nobody can be born. Who cannot be interrupted (D) stops before it goes on, which may be
      // when a child that stands still has gone on: vfork(2).
      const moving = this.#find().filter(({ pid, state }) => state !== "T" && !(state === "D" && told.has(pid)));
      if (moving.length === 0) return;
      if (performance.now() > deadline) {
        throw new Error(`Processes ${moving.map(({ pid }) => pid).join(", ")} do not stand still.`);
      }
      for (const { pid } of moving) {
        told.add(pid);
        signal(pid, "SIGSTOP");
      }
      await delay(2);
    }
  }

  /** Lets all of them go on. */
  resume(): void {
    for (const { pid } of this.#find()) signal(pid, "SIGCONT");
  }

  /** Ends all of them by force, now, whether they stand still or not. */
  end(): void {
    const ended = new Set<number>();
    for (;;) {
      // Somebody may have been born while the others were looked for.
      const found = this.#find().filter(({ pid }) => !ended.has(pid));
      if (found.length === 0) return;
      for (const { pid } of found) {
        ended.add(pid);
        signal(pid, "SIGKILL");
      }
    }
  }

  /** Never this process itself. */
  #find(): readonly Process[] {
    const living = livingProcesses();
    const roots = living.filter((each) => this.#isRoot(each));
    const found = new Set(roots);
    // A set hands out what is added to it on the way.
    for (const { pid } of found) for (const each of living) if (each.parentPid === pid) found.add(each);
    const family = [...found].filter(({ pid }) => pid !== process.pid);
    for (const { pid, birth } of family) this.#known.set(pid, birth);
    return family;
  }

  #isRoot({ pid, birth }: Process): boolean {
    return this.#roots.includes(pid) || this.#known.get(pid) === birth || variablesOf(pid).includes(this.#mark);
  }
}

interface Process {
  readonly pid: number;
  readonly parentPid: number;
  /** proc(5): T is stopped. */
  readonly state: string;
  /** Clock ticks since boot; only good for comparing. */
  readonly birth: string;
}

function livingProcesses(): readonly Process[] {
  return folders("/proc").flatMap((name) => {
    const stat = /^\d+$/.test(name) ? read(`/proc/${name}/stat`) : "";
    // After the command in brackets come the state (field 3), the parent (4) and the start (22).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state = "", parentPid, birth = ""] = [fields[0], fields[1], fields[19]];
    // Of those in states Z and X only the exit code is left.
    return ["", "Z", "X"].includes(state) ? [] : [{ pid: Number(name), parentPid: Number(parentPid), state, birth }];
  });
}

/** A process of somebody else has none here. */
function variablesOf(pid: number): readonly string[] {
  return read(`/proc/${pid}/environ`).split("\0");
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function folders(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone.
  }
}
