import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.ts";
import { ensureNatsServer } from "./ensure-engines.ts";
import { runStep } from "./run-step.ts";

const usage = `Sends bad input to every door of a running Hearth, until something gives way.

  pnpm fuzz --seed N        one storm, the same for the same seed
  pnpm fuzz --minutes M     storms of fresh seeds for so long; default 5
  pnpm fuzz --count C       things sent in a storm; default 5000

Exit code 1 when something gave way, 64 when the arguments are wrong.`;

process.exitCode = await main();

async function main(): Promise<number> {
  const asked = parse();
  if (asked === undefined) {
    console.error(usage);
    return 64;
  }
  await build();
  process.env["HEARTH_NATS_SERVER"] ??= ensureNatsServer();
  process.env["PATH"] = `${dirname(process.env["HEARTH_NATS_SERVER"])}:${process.env["PATH"] ?? ""}`;
  const endsAt = performance.now() + asked.minutes * 60_000;
  let seed = asked.seed ?? Math.floor(Date.now() / 1_000);
  do {
    const variables = { FUZZ_SEED: String(seed++), FUZZ_COUNT: String(asked.count) };
    const code = await runStep("vitest", ["run", "test/fuzz"], { variables });
    if (code !== 0) return code;
  } while (asked.seed === undefined && performance.now() < endsAt);
  return 0;
}

function parse(): { readonly seed: number | undefined; readonly minutes: number; readonly count: number } | undefined {
  const options = { seed: { type: "string" }, minutes: { type: "string" }, count: { type: "string" } } as const;
  let values;
  try {
    ({ values } = parseArgs({ options, strict: true }));
  } catch {
    return undefined;
  }
  const seed = values.seed === undefined ? undefined : Number(values.seed);
  const [minutes, count] = [Number(values.minutes ?? 5), Number(values.count ?? 5_000)];
  if (seed !== undefined && !Number.isSafeInteger(seed)) return undefined;
  return minutes > 0 && Number.isSafeInteger(count) && count > 0 ? { seed, minutes, count } : undefined;
}
