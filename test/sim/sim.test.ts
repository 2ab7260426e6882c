import { expect, test } from "vitest";
import { allCheckers } from "./checkers/all.ts";
import { whatWasToldStands } from "./checkers/what-was-told-stands.ts";
import { runScenario } from "./scenario.ts";

/** Seeds of every run of the tests; `pnpm sim` goes on where these end. */
const seedsTested = 1_000;
const seedsOfDeaths = 500;

test(`over ${seedsTested} clusters with faults every rule holds`, () => {
  for (let seed = 1; seed <= seedsTested; seed++) {
    const { violations } = runScenario(seed);
    expect(violations.slice(0, 5), `pnpm sim --seed ${seed}`).toEqual([]);
  }
});

test(`over ${seedsOfDeaths} clusters in which nothing but a router dies what was told stands`, () => {
  for (let seed = 1; seed <= seedsOfDeaths; seed++) {
    const checkers = [...allCheckers, whatWasToldStands];
    const { violations } = runScenario(seed, { onlyRouterDies: true, checkers });
    expect(violations.slice(0, 5), `seed ${seed}`).toEqual([]);
  }
});

test("a replica that was cut off from three takeovers in a row gives back its slots", () => {
  expect(runScenario(464_525_805).violations).toEqual([]);
});

test("a seed does the same each time, down to the moment", () => {
  expect(runScenario(17, { withTrail: true })).toEqual(runScenario(17, { withTrail: true }));
});
