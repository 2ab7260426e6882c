import { readdirSync, readFileSync } from "node:fs";

/** What can be found out about the memory of processes here. */
export interface ProcessMemory {
  /** Bytes that a process and its descendants hold for themselves, pages of files left out. 0 when not known. */
  heldBytes(pid: number): number;
  /** How many processes of this container the kernel has ended for want of memory. 0 when not known. */
  kernelKills(): number;
}

const pageBytes = 4_096;

/** Reads /proc (proc(5)) and the memory controller of this container's cgroup, of version 2 or 1. */
export const processMemory: ProcessMemory = {
  heldBytes: (pid) => withDescendants(pid).reduce((sum, each) => sum + privateBytes(each), 0),
  kernelKills() {
    for (const file of eventFiles) {
      const count = /^oom_kill (\d+)$/m.exec(read(file))?.[1];
      if (count !== undefined) return Number(count);
    }
    return 0;
  },
};

/** Where a cgroup counts such kills: its own folder as the container sees it, or below the root on a plain machine. */
const eventFiles: readonly string[] = (() => {
  const cgroups = read("/proc/self/cgroup");
  const v2 = /^0::(.*)$/m.exec(cgroups)?.[1] ?? "";
  const v1 = /^\d+:memory:(.*)$/m.exec(cgroups)?.[1] ?? "";
  return [
    `/sys/fs/cgroup${v2}/memory.events`,
    "/sys/fs/cgroup/memory.events",
    `/sys/fs/cgroup/memory${v1}/memory.oom_control`,
    "/sys/fs/cgroup/memory/memory.oom_control",
  ];
})();

function withDescendants(pid: number): readonly number[] {
  const found = [pid];
  for (let index = 0; index < found.length && found.length < 1_000; index++)
    found.push(...childrenOf(found[index] ?? 0));
  return found;
}

function childrenOf(pid: number): readonly number[] {
  const folder = `/proc/${pid}/task`;
  try {
    return readdirSync(folder).flatMap((thread) =>
      read(`${folder}/${thread}/children`).split(" ").filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

function privateBytes(pid: number): number {
  const [, resident = "0", shared = "0"] = read(`/proc/${pid}/statm`).split(" ");
  return (Number(resident) - Number(shared)) * pageBytes;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
