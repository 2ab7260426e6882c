import { parseArgs } from "node:util";
import { runScenario, type ScenarioOutcome } from "../test/sim/scenario.ts";

const usage = `Runs simulated clusters with faults, one after the other, until a rule does not hold.

  pnpm sim --seed N        one seed, with the last events before each broken rule
  pnpm sim --seeds A..B    all seeds from A to B; default 1..1000
  pnpm sim --minutes M     fresh seeds for so long

Exit code 1 when a rule did not hold, 64 when the arguments are wrong.`;

/** Events shown of a seed that broke a rule. */
const eventsShown = 60;

process.exitCode = main();

function main(): number {
  const seeds = parseSeeds();
  if (seeds === undefined) {
    console.error(usage);
    return 64;
  }
  const begunAt = performance.now();
  let [done, executions] = [0, 0];
  for (const seed of seeds) {
    const outcome = runScenario(seed);
    done += 1;
    executions += outcome.executions;
    if (outcome.violations.length === 0) continue;
    explain(outcome);
    return 1;
  }
  const minutes = (performance.now() - begunAt) / 60_000;
  const pace = Math.round(done / minutes);
  console.log(`${done} seeds with ${executions} executions: every rule held. ${pace} seeds a minute.`);
  return 0;
}

function parseSeeds(): Iterable<number> | undefined {
  const options = { seed: { type: "string" }, seeds: { type: "string" }, minutes: { type: "string" } } as const;
  let values;
  try {
    ({ values } = parseArgs({ options, strict: true }));
  } catch {
    return undefined;
  }
  const { seed, seeds = "1..1000", minutes } = values;
  if (minutes !== undefined) return Number(minutes) > 0 ? freshSeeds(Number(minutes)) : undefined;
  const [first, last] = seed === undefined ? seeds.split("..").map(Number) : [Number(seed), Number(seed)];
  if (first === undefined || last === undefined) return undefined;
  return Number.isSafeInteger(first) && Number.isSafeInteger(last) ? fromTo(first, last) : undefined;
}

function* fromTo(first: number, last: number): Iterable<number> {
  for (let seed = first; seed <= last; seed++) yield seed;
}

function* freshSeeds(minutes: number): Iterable<number> {
  const endsAt = performance.now() + minutes * 60_000;
  let seed = Math.floor(Date.now() / 1_000) * 1_000;
  while (performance.now() < endsAt) yield seed++ % 2 ** 31;
}

/** The same seed again, with what happened before its first broken rule. */
function explain({ seed }: ScenarioOutcome): void {
  const { violations, trail } = runScenario(seed, { withTrail: true });
  const firstBroken = trail.findIndex((line) => line.includes(" BROKEN "));
  console.error(trail.slice(Math.max(0, firstBroken - eventsShown), firstBroken).join("\n"));
  for (const { checker, how, atMs } of violations.slice(0, 10)) console.error(`${checker} at ${atMs} ms: ${how}`);
  if (violations.length > 10) console.error(`and ${violations.length - 10} more`);
  console.error(`Seed ${seed} broke a rule. Again: pnpm sim --seed ${seed}`);
}
