import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { expectHealthy, remember, type Memory } from "./canary.ts";
import type { Door } from "./doors/door.ts";
import { doorsOf, services, storm } from "./storm.ts";
import { deadOf, footprintOf, startTarget, type Target } from "./system.ts";

/** FUZZ_SEED and FUZZ_COUNT: `pnpm fuzz` sets them. */
const seed = Number(process.env["FUZZ_SEED"] ?? 1);
const count = Number(process.env["FUZZ_COUNT"] ?? 1_500);
const again = `Again: pnpm fuzz --seed ${seed}`;

/** What a process may have gained: the storm fills caches and bounded histories. */
const gain = { mebibytes: 250, files: 40 };

let target: Target;
let doors: readonly Door[];
const memories: Memory[] = [];

beforeAll(async () => {
  target = await startTarget();
  memories.push(await remember(target, "before the storm"));
  doors = doorsOf(target);
});

afterAll(async () => {
  await target[Symbol.asyncDispose]();
});

describe("whatever comes in", () => {
  it("comes through a door that is here", () => {
    expect(
      services
        .flatMap(({ methods }) => methods)
        .every(({ name }) => doors.some((door) => door.name.endsWith(`/${name}`))),
    ).toBe(true);
  });

  it(`ends no process, leaks nothing, is refused with a reason, and leaves everything else as it was (seed ${seed})`, async () => {
    // The first part warms up: code that is compiled and pools that are filled once are no leak.
    const problems = [...(await storm(doors, seed, count / 3))];
    const before = new Map([...target.services].map(([name, pid]) => [name, footprintOf(pid)]));
    problems.push(...(await storm(doors, seed + 1, (2 * count) / 3)));
    expect(deadOf(target), again).toEqual([]);
    await expectHealthy(target, memories).catch((error: unknown) => problems.push(String(error)));
    expect([...new Set(problems), ...target.defects()], again).toEqual([]);
    for (const [name, pid] of target.services) {
      await vi.waitFor(
        () => {
          const { mebibytes, files } = footprintOf(pid);
          const { mebibytes: mebibytesBefore = 0, files: filesBefore = 0 } = before.get(name) ?? {};
          expect(files - filesBefore, `open files of ${name}. ${again}`).toBeLessThan(gain.files);
          expect(mebibytes - mebibytesBefore, `MiB of ${name}. ${again}`).toBeLessThan(gain.mebibytes);
        },
        { timeout: 15_000, interval: 250 },
      );
    }
  }, 3_600_000);
});
