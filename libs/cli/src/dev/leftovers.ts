import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { endProcess } from "./end-process.ts";
import { endFamily, identify, isSameAlive } from "@hearth/process-identity";
import { readIdentity } from "./state-folder.ts";

const graceMs = 5_000;

/** Ends what services an earlier `hearth dev` on the folder left behind when it was killed. NATS goes last. */
export async function endLeftoverProcesses(stateDir: string, say: (text: string) => void): Promise<void> {
  for (const service of ["controlplane", "router", "nats"]) {
    const file = join(stateDir, "processes", `${service}.json`);
    const identity = readIdentity(file);
    if (identity !== undefined && isSameAlive(identity)) {
      say(`Ending ${service} (process ${identity.pid}), left over from an earlier "hearth dev".`);
      await endProcess(identity, graceMs);
    }
    rmSync(file, { force: true });
  }
}

/**
 * Ends the replicas that nobody looks after any more. The control plane keeps a file for each, replicas/<id>.json,
 * which names its agent.
 */
export async function endLeftoverReplicas(stateDir: string, say: (text: string) => void): Promise<void> {
  const folder = join(stateDir, "replicas");
  if (!existsSync(folder)) return;
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  await Promise.all(
    files.map(async (name) => {
      const agent = readIdentity(join(folder, name));
      if (agent !== undefined) {
        const id = name.slice(0, -".json".length);
        if (isSameAlive(agent)) say(`Ending replica ${id}, left over from before.`);
        await endProcess(agent, graceMs);
        // An id in use again belongs to somebody else.
        const leaderPid = identify(agent.pid) === undefined ? agent.pid : 0;
        endFamily({ leaderPid, mark: `HEARTH_REPLICA_ID=${id}` });
      }
      rmSync(join(folder, name), { force: true });
    }),
  );
}
