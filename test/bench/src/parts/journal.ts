import { join } from "node:path";
import { sendOne, type Send } from "../client.ts";
import { inTurns, measureClosedLoop, warming } from "../load.ts";
import type { Bench, Part, PartResult } from "../part.ts";
import { toRow, units } from "../row.ts";
import { startSystem, type RouterProcess } from "../system.ts";

/** What it costs that executions are in the journal: the same router, replicas and client, with it and without. */
export const journal: Part = { name: "journal", about: "with the journal and without", run };

async function run({ effort, say }: Bench): Promise<PartResult> {
  const script = join(import.meta.dirname, "..", "processes", "router-from-source.ts");
  await using system = await startSystem({ router: { script } });
  await system.deploy("node", "noop");
  const without = await system.startRouter({ script, variables: { BENCH_JOURNAL: "none" } });
  const senderOf = ({ client }: RouterProcess): Send => client.sender("bench-node", "noop");
  const senders = [senderOf(system.router), senderOf(without)] as const;
  for (const send of senders) await sendOne(send);
  await system.stopControlPlane();
  const costs: { throughputPercent: number[]; p50Ms: number[] } = { throughputPercent: [], p50Ms: [] };
  const figures: object[] = [];
  say("journal, warming up");
  for (const send of senders) {
    await measureClosedLoop(send, 1, warming(effort));
    await measureClosedLoop(send, 512, warming(effort));
  }
  for (let round = 1; round <= effort.rounds; round++) {
    say(`journal, round ${round} of ${effort.rounds}`);
    const [kept, forgotten] = await inTurns(round, senders, async (send) => ({
      p50Ms: (await measureClosedLoop(send, 1, effort)).p50Ms,
      perSecond: (await measureClosedLoop(send, 512, effort)).perSecond,
    }));
    costs.throughputPercent.push((1 - kept.perSecond / forgotten.perSecond) * 100);
    costs.p50Ms.push(kept.p50Ms - forgotten.p50Ms);
    figures.push({ with: kept, without: forgotten });
  }
  const rows = [
    toRow("journal, of throughput", costs.throughputPercent, units.percent, { atMost: 30 }),
    toRow("journal, of p50", costs.p50Ms, units.ms, { atMost: 0.2 }),
  ];
  return { rows, figures };
}
