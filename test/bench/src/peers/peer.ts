import type { Sample } from "../load.ts";
import type { Effort } from "../part.ts";
import { startLineProcess } from "../processes/line-process.ts";
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
  /** Ends what the driver needs beside itself. */
  readonly stop?: () => Promise<void>;
}

/** A peer that runs. */
export interface Peer {
  readonly name: string;
  readonly version: string;
  readonly settings: string;
  readonly durability: string;
  measure(inFlight: number, effort: Effort): Promise<Sample>;
  stop(): Promise<void>;
}

/** Installs and starts a peer. */
export async function startPeer(definition: PeerDefinition): Promise<Peer> {
  const { name, settings, durability } = definition;
  const driver = await definition.install();
  const running = await startLineProcess(driver.command, driver.variables).catch(async (error: unknown) => {
    await driver.stop?.();
    throw error;
  });
  return {
    ...{ name, settings, durability, version: String(running.ready["version"]) },
    async measure(inFlight, { warmUpMs, measureMs }) {
      const answer = (await running.ask({ inFlight, warmUpMs, measureMs })) as PeerAnswer;
      const { latenciesMs, perSecond } = answer;
      return { p50Ms: percentile(latenciesMs, 0.5), p99Ms: percentile(latenciesMs, 0.99), perSecond };
    },
    async stop() {
      await running.stop();
      await driver.stop?.();
    },
  };
}

/** A driver's answer to one measurement; latencies may be left out where it cannot tell them apart. */
interface PeerAnswer {
  readonly latenciesMs: readonly number[];
  readonly perSecond: number;
}
