import { expect, test } from "vitest";
import { faultKinds } from "./plan/plan-faults.ts";
import { runChaos } from "./run-chaos.ts";

test("half a minute of kills, pauses and restarts under load loses nothing and doubles nothing", async ({ signal }) => {
  const said: string[] = [];
  const found = await runChaos({
    ...{ seed: 6, minutes: 0.5, kinds: faultKinds, harsh: false, routers: 2, rate: 3 },
    ...{ signal, say: (text) => said.push(text) },
  });
  const story = `logs in ${found.folder}\n${said.join("\n")}`;
  expect(
    Object.entries(found.findings).filter(([, each]) => each.length > 0),
    story,
  ).toEqual([]);
  expect(found.results, story).toBe(found.assignments);
  expect(Object.keys(found.faults).length, story).toBeGreaterThan(2);
}, 240_000);
