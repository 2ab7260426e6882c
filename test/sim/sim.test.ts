import { expect, test } from "vitest";
import { runScenario } from "./scenario.ts";

/** Seeds of every run of the tests; `pnpm sim` goes on where these end. */
const seedsTested = 1_000;

test(`over ${seedsTested} clusters with faults every rule holds`, () => {
  for (let seed = 1; seed <= seedsTested; seed++) {
    const { violations } = runScenario(seed);
    expect(violations.slice(0, 5), `pnpm sim --seed ${seed}`).toEqual([]);
  }
});

test("a seed does the same each time, down to the moment", () => {
  expect(runScenario(17, { withTrail: true })).toEqual(runScenario(17, { withTrail: true }));
});
