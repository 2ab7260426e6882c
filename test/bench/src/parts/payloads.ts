import { startStreamEcho } from "../floors.ts";
import { measureClosedLoop, warming } from "../load.ts";
import type { Bench, Part, PartResult } from "../part.ts";
import { toRow, units } from "../row.ts";
import { ratios } from "../statistics.ts";
import { startSystem } from "../system.ts";

/** 10 KB of arguments that come back as the result. */
export const payloads: Part = { name: "payloads", about: "10 KB in and out, 64 in flight", run };

const text = "x".repeat(10_000);
/** Enough to keep everything busy, and little enough for the transport's windows. */
const inFlight = 64;

async function run({ effort, say }: Bench): Promise<PartResult> {
  await using system = await startSystem();
  await using stream = await startStreamEcho([text]);
  for (const language of ["node", "python"] as const) await system.deploy(language, "noop");
  await system.stopControlPlane();
  const { client } = system.router;
  const senders = {
    stream: stream.send,
    node: client.sender("bench-node", "noop", [text]),
    python: client.sender("bench-python", "noop", [text]),
  };
  const rates = { stream: [] as number[], node: [] as number[], python: [] as number[] };
  say("payloads, warming up");
  for (const send of Object.values(senders)) await measureClosedLoop(send, inFlight, warming(effort));
  for (let round = 1; round <= effort.rounds; round++) {
    say(`payloads, round ${round} of ${effort.rounds}`);
    for (const name of ["stream", "node", "python"] as const) {
      rates[name].push((await measureClosedLoop(senders[name], inFlight, effort)).perSecond);
    }
  }
  const target = { atLeast: 0.5 };
  const rows = [
    toRow("10 KB, two-hop stream echo", rates.stream, units.perSecond),
    toRow("10 KB, Node", rates.node, units.perSecond),
    toRow("10 KB, Node, to the echo", ratios(rates.node, rates.stream), units.times, target),
    toRow("10 KB, Python", rates.python, units.perSecond),
    toRow("10 KB, Python, to the echo", ratios(rates.python, rates.stream), units.times, target),
  ];
  return { rows, figures: rates };
}
