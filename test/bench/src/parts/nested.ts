import { sendOne } from "../client.ts";
import type { Bench, Part, PartResult } from "../part.ts";
import { toRow, units } from "../row.ts";
import { median } from "../statistics.ts";
import { startSystem } from "../system.ts";

/** A parent that gathers many children of its own environment, as examples/python/reuse_concurrency.py does. */
export const nested: Part = { name: "nested", about: "a parent that gathers 500 children", run };

async function run({ effort, say }: Bench): Promise<PartResult> {
  const children = Math.max(1, Math.round(500 / effort.smaller));
  await using system = await startSystem();
  const languages = ["node", "python"] as const;
  for (const language of languages) await system.deploy(language, "gather");
  await system.stopControlPlane();
  const rates = { node: [] as number[], python: [] as number[] };
  for (let round = 1; round <= effort.rounds; round++) {
    say(`nested, round ${round} of ${effort.rounds}`);
    for (const language of languages) {
      const send = system.router.client.sender(`bench-gather-${language}`, "gather", [children]);
      rates[language].push(await measureRound(send, children, effort));
    }
  }
  const target = { atLeast: 8_000 };
  const rows = [
    toRow("nested, Node: children a second", rates.node, units.perSecond, target),
    toRow("nested, Python: children a second", rates.python, units.perSecond, target),
  ];
  return { rows, figures: rates };
}

/** One parent after the other; the rate of the median one. */
async function measureRound(
  send: Parameters<typeof sendOne>[0],
  children: number,
  { warmUpMs, measureMs }: Bench["effort"],
): Promise<number> {
  const tookMs: number[] = [];
  const from = performance.now() + warmUpMs;
  while (tookMs.length === 0 || performance.now() < from + measureMs) {
    const sentAt = performance.now();
    await sendOne(send);
    if (sentAt >= from) tookMs.push(performance.now() - sentAt);
  }
  return (children / median(tookMs)) * 1_000;
}
