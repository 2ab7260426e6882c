import { join } from "node:path";
import { sendOne } from "../client.ts";
import { measureClosedLoop, warming } from "../load.ts";
import type { Bench, Part, PartResult } from "../part.ts";
import { toRow, units } from "../row.ts";
import { startSystem } from "../system.ts";

/** What it costs that executions are in the journal: the same router, replicas and client, with it and without. */
export const journal: Part = { name: "journal", about: "with the journal and without", run };

async function run({ effort, say }: Bench): Promise<PartResult> {
  const script = join(import.meta.dirname, "..", "processes", "router-from-source.ts");
  await using system = await startSystem({ router: { script } });
  await system.deploy("node", "noop");
  const without = await system.startRouter({ script, variables: { BENCH_JOURNAL: "none" } });
  const senders = [system.router, without].map(({ client }) => client.sender("bench-node", "noop"));
  for (const send of senders) await sendOne(send);
  await system.stopControlPlane();
  const costs: { throughputPercent: number[]; p50Ms: number[] } = { throughputPercent: [], p50Ms: [] };
  const figures: object[] = [];
  say("journal, warming up");
  for (const send of senders) {
    await measureClosedLoop(send, 1, warming(effort, "slowly"));
    await measureClosedLoop(send, 512, warming(effort));
  }
  for (let round = 1; round <= effort.rounds; round++) {
    say(`journal, round ${round} of ${effort.rounds}`);
    const single = [];
    const many = [];
    // The one that goes second would find everything warmer: they take turns at it.
    for (const index of round % 2 === 0 ? [0, 1] : [1, 0]) {
      single[index] = (await measureClosedLoop(senders[index]!, 1, effort)).p50Ms;
      many[index] = (await measureClosedLoop(senders[index]!, 512, effort)).perSecond;
    }
    costs.throughputPercent.push((1 - many[0]! / many[1]!) * 100);
    costs.p50Ms.push(single[0]! - single[1]!);
    figures.push({ with: { p50Ms: single[0], perSecond: many[0] }, without: { p50Ms: single[1], perSecond: many[1] } });
  }
  const rows = [
    toRow("journal, of throughput", costs.throughputPercent, units.percent, { atMost: 30 }),
    toRow("journal, of p50", costs.p50Ms, units.ms, { atMost: 0.2 }),
  ];
  return { rows, figures };
}
