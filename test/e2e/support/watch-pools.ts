import type { Pool } from "@hearth/proto";
import type { Dev } from "./dev.ts";

/** The pools of an environment over time, from when the watch began. */
export interface PoolWatch extends AsyncDisposable {
  /** Every state there was, with when it came, in milliseconds since 1970. */
  readonly states: readonly { readonly atMs: number; readonly pools: readonly Pool[] }[];
  /** The pools as they are now. */
  readonly latest: readonly Pool[];
}

/** Watches until it is disposed of. */
export async function watchPools(dev: Dev, environment: string): Promise<PoolWatch> {
  const states: { atMs: number; pools: readonly Pool[] }[] = [];
  const first = Promise.withResolvers<void>();
  const leaving = new AbortController();
  const collect = async (): Promise<void> => {
    const watched = dev.environments.watchPool({ name: environment }, { signal: leaving.signal });
    for await (const { pools } of watched) {
      states.push({ atMs: Date.now(), pools });
      first.resolve();
    }
  };
  const collected = collect().catch((error: unknown) => {
    if (!leaving.signal.aborted) first.reject(error);
  });
  await first.promise;
  return {
    states,
    get latest() {
      return states.at(-1)?.pools ?? [];
    },
    async [Symbol.asyncDispose]() {
      leaving.abort();
      await collected;
    },
  };
}
