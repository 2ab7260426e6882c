import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ReplicaExit, ReplicaOrder, ReplicaProvider } from "../../src/io/replica-provider.ts";
import { eventually } from "./eventually.ts";
import { specOf } from "./spec.ts";

/** What every provider must do, whatever a replica is to it. */
export function replicaProviderContract(substrate: {
  /** A provider whose replicas stay until they are asked to end. */
  readonly staying: () => ReplicaProvider | Promise<ReplicaProvider>;
  /** One whose replicas ignore being asked. */
  readonly stubborn: () => ReplicaProvider | Promise<ReplicaProvider>;
  /** One whose replicas print 30 lines and exit with 7. */
  readonly failing: () => ReplicaProvider | Promise<ReplicaProvider>;
  /** Whether a staying or stubborn replica has got going. */
  readonly isUp: (replicaId: string) => boolean | Promise<boolean>;
}): void {
  // What is left of a replica is found by its id, which replicas of other tests must not have.
  const id = `r-${randomUUID()}`;
  const order = (replicaId: string): ReplicaOrder => {
    const spec = specOf({});
    return {
      replicaId,
      environment: spec.name,
      pool: spec.name,
      version: "v1",
      concurrency: 1,
      singleUse: false,
      spec,
    };
  };
  const started = async (provider: ReplicaProvider, replicaId: string): Promise<readonly ReplicaExit[]> => {
    const exits: ReplicaExit[] = [];
    provider.onExit((exit) => exits.push(exit));
    await provider.prepare(order(replicaId).spec, () => undefined);
    await provider.start(order(replicaId));
    return exits;
  };
  const up = (replicaId: string): Promise<true> =>
    eventually("the replica is up", async () => ((await substrate.isUp(replicaId)) ? true : undefined));

  describe("a replica provider", () => {
    test("lists what it started until it has ended", async () => {
      const provider = await substrate.staying();
      await started(provider, id);
      expect(await provider.list()).toEqual([id]);
      await provider.stop(id, 10_000);
      expect(await provider.list()).toEqual([]);
    });

    test("tells once of a stopped replica's end", async () => {
      const provider = await substrate.staying();
      const exits = await started(provider, id);
      await up(id);
      await Promise.all([provider.stop(id, 10_000), provider.stop(id, 10_000)]);
      expect(exits).toMatchObject([{ replicaId: id, signal: "SIGTERM" }]);
    });

    test("ends by force what does not end within the grace", async () => {
      const provider = await substrate.stubborn();
      const exits = await started(provider, id);
      await up(id);
      await provider.stop(id, 50);
      expect(exits).toMatchObject([{ replicaId: id, signal: "SIGKILL" }]);
    });

    test("tells how a replica failed and its last 20 lines", async () => {
      const provider = await substrate.failing();
      const exits = await started(provider, id);
      const exit = await eventually("the end is told", () => exits[0]);
      expect(exit).toMatchObject({ replicaId: id, exitCode: 7 });
      expect(exit.lastLines).toHaveLength(20);
      expect(exit.lastLines.at(-1)).toBe("line 30");
    });

    test("has nothing to do for a replica that is not there", async () => {
      await (await substrate.staying()).stop("unknown", 10_000);
    });
  });
}
