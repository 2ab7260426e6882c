import { parseArgs } from "node:util";
import { faultKinds, type FaultKind } from "../test/chaos/plan/plan-faults.ts";
import { runChaos } from "../test/chaos/run-chaos.ts";
import { showAccount } from "../test/chaos/show-account.ts";
import { build } from "./build.ts";

const usage = `Runs Hearth as real processes under load, kills, pauses and restarts them, and accounts for every execution.

  pnpm chaos --seed N --minutes M    default 1 and 1
  --faults agent,runner,...          of ${faultKinds.join(", ")}; default all
  --routers N                        default 2
  --rate N                           root executions a second; default 5
  --harsh                            faults do not wait for each other
  --json                             the account as JSON

Exit code 1 when something was lost, doubled, wrong or run again without need; 64 when the arguments are wrong.`;

process.exitCode = await main();

async function main(): Promise<number> {
  const asked = parse();
  if (asked === undefined) {
    console.error(usage);
    return 64;
  }
  if (asked.help) {
    console.log(usage);
    return 0;
  }
  const leaving = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => leaving.abort());
  await build();
  const found = await runChaos({ ...asked, signal: leaving.signal, say: (text) => console.error(text) });
  if (leaving.signal.aborted) return 130;
  console.log(asked.json ? JSON.stringify(found, null, 2) : showAccount(found));
  if (found.ok) return 0;
  const { seed, minutes, kinds, routers, rate, harsh } = asked;
  const again = `--seed ${seed} --minutes ${minutes} --faults ${kinds.join()} --routers ${routers} --rate ${rate}`;
  console.error(`The logs are in ${found.folder}. Again: pnpm chaos ${again}${harsh ? " --harsh" : ""}`);
  return 1;
}

function parse() {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const options = {
    ...{ seed: text, minutes: text, faults: text, routers: text, rate: text },
    ...{ harsh: flag, json: flag, help: flag },
  };
  let values;
  try {
    ({ values } = parseArgs({ options, strict: true }));
  } catch {
    return undefined;
  }
  const {
    seed = "1",
    minutes = "1",
    faults = faultKinds.join(),
    routers = "2",
    rate = "5",
    harsh,
    json,
    help,
  } = values;
  const kinds = faults.split(",") as FaultKind[];
  const numbers = { seed: Number(seed), minutes: Number(minutes), routers: Number(routers), rate: Number(rate) };
  const areRight =
    numbers.minutes > 0 && numbers.routers >= 1 && numbers.rate > 0 && Number.isSafeInteger(numbers.seed);
  if (!areRight || !kinds.every((kind) => faultKinds.includes(kind))) return undefined;
  return { ...numbers, kinds, harsh, json, help };
}
