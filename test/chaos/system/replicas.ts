import { endFamily } from "@hearth/process-identity";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A replica of the process provider, found by the file that it keeps of each (proc(5) tells of the runner). */
export interface RunningReplica {
  readonly id: string;
  readonly agentPid: number;
  /** Its runner, when there is one right now. */
  readonly runnerPid: number | undefined;
}

export function findReplicas(stateFolder: string): readonly RunningReplica[] {
  const folder = join(stateFolder, "replicas");
  const files = tryRead(() => readdirSync(folder)) ?? [];
  const parents = new Map(processes().map(({ pid, parent }) => [parent, pid]));
  return files
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .flatMap((name) => {
      const identity = tryRead(() => JSON.parse(readFileSync(join(folder, name), "utf8")) as { readonly pid: number });
      if (identity === undefined) return [];
      return [{ id: name.slice(0, -".json".length), agentPid: identity.pid, runnerPid: parents.get(identity.pid) }];
    });
}

/** Ends all replicas, with whatever runs in them. */
export function killReplicas(stateFolder: string): void {
  for (const { id, agentPid } of findReplicas(stateFolder)) {
    endFamily({ leaderPid: agentPid, mark: `HEARTH_REPLICA_ID=${id}` });
  }
}

function processes(): readonly { readonly pid: number; readonly parent: number }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = tryRead(() => readFileSync(`/proc/${name}/stat`, "utf8"));
      const parent = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
      return parent === undefined ? [] : [{ pid: Number(name), parent: Number(parent) }];
    });
}

/** Undefined when it is gone: what is looked at here comes and goes. */
function tryRead<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
