import { setTimeout as delay } from "node:timers/promises";
import { isSameAlive, type ProcessIdentity } from "@hearth/process-identity";

const pollMs = 20;

/** Asks a process of somebody else's to end, and forces it after `graceMs`. Resolves when it is gone. */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<void> {
  send(identity, "SIGTERM");
  const deadline = performance.now() + graceMs;
  let forced = false;
  while (isSameAlive(identity)) {
    if (!forced && performance.now() > deadline) {
      send(identity, "SIGKILL");
      forced = true;
    }
    await delay(pollMs);
  }
}

function send(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isSameAlive(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    // It went away in between.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
