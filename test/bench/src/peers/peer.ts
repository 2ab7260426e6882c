import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Sample } from "../load.ts";
import type { Effort } from "../part.ts";
import { startLineProcess } from "../processes/line-process.ts";
import { ProcessFamily } from "../processes/process-family.ts";
import { percentile } from "../statistics.ts";

/** Another system that runs tasks in warm processes, measured beside Hearth on the same machine. */
export interface PeerDefinition {
  readonly name: string;
  /** How it is set up, in its own words. */
  readonly settings: string;
  /** What of its work survives what. */
  readonly durability: string;
  /** Installs what is missing and says how to start its driver. Throws when it cannot be had. */
  readonly install: () => Promise<PeerDriver>;
}

export interface PeerDriver {
  readonly command: readonly string[];
  readonly variables?: NodeJS.ProcessEnv;
  /** What the driver needs beside itself. */
  readonly server?: { readonly pid: number; stop(): Promise<void> };
}

/** A peer that is there. Its processes stand still except while it is measured, so that they cost nobody else anything. */
export interface Peer {
  readonly name: string;
  readonly version: string;
  readonly settings: string;
  readonly durability: string;
  /** Throws when it does not answer; then it cannot be measured again. */
  measure(inFlight: number, effort: Pick<Effort, "warmUpMs" | "measureMs">): Promise<Sample>;
  stop(): Promise<void>;
}

/** From standing still to a measurement: what its processes have to make up for is done by then. */
const settleMs = 500;
/** How long a start may take, and an answer beyond the length of its measurement. */
const patienceMs = 90_000;

/** Installs and starts a peer, which stands still from then on. */
export async function startPeer(definition: PeerDefinition): Promise<Peer> {
  const { name, settings, durability } = definition;
  // Ends in the reverse order, also when it cannot be started.
  await using starting = new AsyncDisposableStack();
  const { command, variables, server } = await definition.install();
  const mark = randomUUID();
  const family = new ProcessFamily(`HEARTH_BENCH_PEER=${mark}`, server === undefined ? [] : [server.pid]);
  starting.defer(() => family.end());
  if (server !== undefined) starting.defer(() => server.stop());
  const startingDriver = startLineProcess(command, { ...variables, HEARTH_BENCH_PEER: mark });
  const driver = starting.adopt(await within(patienceMs, startingDriver), (each) => each.stop());
  // Who stands still hears nothing but SIGKILL.
  starting.defer(() => family.resume());
  // What the driver does not wait for may come up a moment later.
  await delay(settleMs);
  await family.pause();
  const all = starting.move();
  return {
    ...{ name, settings, durability, version: String(driver.ready["version"]) },
    async measure(inFlight, { warmUpMs, measureMs }) {
      try {
        family.resume();
        await delay(settleMs);
        const asked = driver.ask({ inFlight, warmUpMs, measureMs });
        const { latenciesMs, perSecond } = (await within(warmUpMs + measureMs + patienceMs, asked)) as PeerAnswer;
        await family.pause();
        return { p50Ms: percentile(latenciesMs, 0.5), p99Ms: percentile(latenciesMs, 0.99), perSecond };
      } catch (error) {
        await all.disposeAsync();
        throw error;
      }
    },
    stop: () => all.disposeAsync(),
  };
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = new AbortController();
  const tooLate = delay(ms, undefined, { signal: late.signal }).then(() => {
    throw new Error(`It gave no answer within ${Math.round(ms / 1_000)} s.`);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    late.abort();
  }
}

/** A driver's answer to one measurement; latencies may be left out where it cannot tell them apart. */
interface PeerAnswer {
  readonly latenciesMs: readonly number[];
  readonly perSecond: number;
}
