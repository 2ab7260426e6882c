import { setTimeout as delay } from "node:timers/promises";
import { ReplicaState, type EnvironmentService, type Pool } from "@hearth/proto";
import type { RpcClient } from "@hearth/rpc";
import { isAbsence } from "./absence.ts";

type Environments = Pick<RpcClient<typeof EnvironmentService>, "getEnvironment" | "watchPool">;

const retryDelayMs = 100;
/** What a timer can hold. */
const timeoutMsMax = 2 ** 31 - 1;

/**
 * Waits until `wanted` replicas of the environment's present version are ready. Throws a DOMException called TimeoutError
 * that names the last failed start when that takes longer than `timeoutMs`.
 */
export async function waitUntilReady(
  environments: Environments,
  options: { readonly name: string; readonly wanted: number; readonly timeoutMs: number },
): Promise<void> {
  const { name, wanted, timeoutMs } = options;
  const signal = AbortSignal.timeout(Math.min(timeoutMs, timeoutMsMax));
  const { environment } = await environments.getEnvironment({ name });
  const version = environment?.version?.id;
  const isTooLate = (): boolean => signal.aborted;
  let last: Pool | undefined;
  while (!isTooLate()) {
    try {
      for await (const { pools } of environments.watchPool({ name }, { signal })) {
        last = pools.find((pool) => pool.name === name) ?? last;
        if (countReady(last, version) >= wanted) return;
      }
    } catch (error) {
      if (!isTooLate() && !isAbsence(error)) throw error;
    }
    await delay(retryDelayMs, undefined, { signal }).catch(() => undefined);
  }
  const ready = `${countReady(last, version)} of ${wanted} replicas ready after ${timeoutMs / 1000} s`;
  throw new DOMException(`Environment "${name}" has ${ready}. ${whyNot(name, last)}`, "TimeoutError");
}

/** Replicas of an earlier version take no new attempts. */
function countReady(pool: Pool | undefined, version: string | undefined): number {
  return (pool?.replicas ?? []).filter((each) => each.state === ReplicaState.READY && each.version === version).length;
}

function whyNot(name: string, pool: Pool | undefined): string {
  const failure = pool?.lastStartFailure ?? "";
  if (failure !== "") return `The last start failed: ${failure}`;
  return `They go on starting: \`hearth env watch ${name}\` shows them.`;
}
