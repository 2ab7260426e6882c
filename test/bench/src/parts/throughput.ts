import { startStreamEcho } from "../floors.ts";
import { measureClosedLoop, warming, type Sample } from "../load.ts";
import type { Bench, Part, PartResult } from "../part.ts";
import { toMissingRow, toRow, units, type Row } from "../row.ts";
import { median, ratios } from "../statistics.ts";
import { startSystem } from "../system.ts";

/** As many warm tasks that do nothing as there can be, with 512 on their way. */
export const throughput: Part = { name: "throughput", about: "warm no-ops, 512 in flight", run };

const inFlight = 512;

async function run({ effort, peers, say }: Bench): Promise<PartResult> {
  await using system = await startSystem();
  await using stream = await startStreamEcho();
  for (const language of ["node", "python"] as const) await system.deploy(language, "noop");
  await system.stopControlPlane();
  const { client } = system.router;
  const senders = {
    stream: stream.send,
    node: client.sender("bench-node", "noop"),
    python: client.sender("bench-python", "noop"),
  };
  const samples = new Map<string, Sample[]>();
  const note = (name: string, sample: Sample): void => void samples.set(name, [...(samples.get(name) ?? []), sample]);
  say("throughput, warming up");
  for (const send of Object.values(senders)) await measureClosedLoop(send, inFlight, warming(effort));
  for (const peer of peers) await peer.measure(inFlight, warming(effort));
  for (let round = 1; round <= effort.rounds; round++) {
    say(`throughput, round ${round} of ${effort.rounds}`);
    for (const [name, send] of Object.entries(senders)) note(name, await measureClosedLoop(send, inFlight, effort));
    for (const peer of peers) {
      say(`throughput, round ${round} of ${effort.rounds}: ${peer.name}`);
      note(peer.name, await peer.measure(inFlight, effort));
    }
  }
  await system.startControlPlane();
  note("node with history", await measureClosedLoop(senders.node, inFlight, effort));
  const rates = (name: string): number[] => (samples.get(name) ?? []).map(({ perSecond }) => perSecond);
  const what = { node: "throughput, Node, 512 in flight", python: "throughput, Python, 512 in flight" };
  const rows = [
    toRow("two-hop stream echo, 512 in flight", rates("stream"), units.perSecond),
    toRow(what.node, rates("node"), units.perSecond, { atLeast: 20_000 }),
    against(`${what.node}, to the better of BullMQ and Ray`, rates("node"), 10, [
      rates("BullMQ"),
      rates("Ray async actor"),
    ]),
    toRow(what.python, rates("python"), units.perSecond, { atLeast: 8_000 }),
    against(`${what.python}, to Ray`, rates("python"), 5, [rates("Ray async actor")]),
    toRow(`${what.node}, a control plane writing the history`, rates("node with history"), units.perSecond),
    ...peers.map(({ name }) => toRow(`${name}, 512 in flight`, rates(name), units.perSecond)),
  ];
  return { rows, figures: Object.fromEntries(samples) };
}

function against(what: string, own: readonly number[], atLeast: number, peers: readonly (readonly number[])[]): Row {
  const ran = peers.filter((values) => values.length > 0).toSorted((a, b) => median(b) - median(a));
  const [better] = ran;
  if (better === undefined || ran.length < peers.length) {
    return toMissingRow(what, { atLeast }, units.times, "needs --peers");
  }
  return toRow(what, ratios(own, better), units.times, { atLeast });
}
