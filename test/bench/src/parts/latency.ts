import { startFrameEcho, startStreamEcho } from "../floors.ts";
import { measureClosedLoop, warming, type Sample } from "../load.ts";
import type { Bench, Part, PartResult } from "../part.ts";
import { toMissingRow, toRow, units, type Row } from "../row.ts";
import { median, ratios } from "../statistics.ts";
import { startSystem, type Language } from "../system.ts";

/** A warm task that does nothing, one at a time. */
export const latency: Part = { name: "latency", about: "warm no-op, one in flight", run };

const languages = ["node", "python"] as const;

async function run({ effort, peers, say }: Bench): Promise<PartResult> {
  await using system = await startSystem();
  await using stream = await startStreamEcho();
  await using nodeFrames = await startFrameEcho("node");
  await using pythonFrames = await startFrameEcho("python");
  for (const language of languages) await system.deploy(language, "noop");
  await system.stopControlPlane();
  const senders = {
    stream: stream.send,
    nodeFrames: nodeFrames.send,
    pythonFrames: pythonFrames.send,
    node: system.router.client.sender("bench-node", "noop"),
    python: system.router.client.sender("bench-python", "noop"),
  };
  const samples = new Map<string, Sample[]>();
  const note = (name: string, sample: Sample): void => void samples.set(name, [...(samples.get(name) ?? []), sample]);
  say("latency, warming up");
  for (const send of Object.values(senders)) await measureClosedLoop(send, 1, warming(effort));
  for (const peer of peers) await peer.measure(1, warming(effort));
  for (let round = 1; round <= effort.rounds; round++) {
    say(`latency, round ${round} of ${effort.rounds}`);
    for (const [name, send] of Object.entries(senders)) note(name, await measureClosedLoop(send, 1, effort));
    for (const peer of peers) {
      say(`latency, round ${round} of ${effort.rounds}: ${peer.name}`);
      note(peer.name, await peer.measure(1, effort));
    }
  }
  const p50s = (name: string): number[] => (samples.get(name) ?? []).map(({ p50Ms }) => p50Ms);
  const rows = [
    toRow("two-hop stream echo, p50", p50s("stream"), units.ms),
    toRow("frame echo of a Node runner, p50", p50s("nodeFrames"), units.ms),
    toRow("frame echo of a Python runner, p50", p50s("pythonFrames"), units.ms),
    ...languages.flatMap((language) => languageRows(language, samples)),
    ...peers.map(({ name }) => toRow(`${name}, one in flight, p50`, p50s(name), units.ms)),
  ];
  return { rows, figures: Object.fromEntries(samples) };
}

const names: Readonly<Record<Language, string>> = { node: "Node", python: "Python" };
/** The peers the target speaks of. */
const compared = ["BullMQ", "Ray async actor"];

function languageRows(language: Language, samples: ReadonlyMap<string, readonly Sample[]>): Row[] {
  const p50s = (name: string): number[] => (samples.get(name) ?? []).map(({ p50Ms }) => p50Ms);
  const own = samples.get(language) ?? [];
  const floor = p50s("stream").map((hops, round) => hops + (p50s(`${language}Frames`)[round] ?? NaN));
  const what = `warm no-op, ${names[language]}, one in flight`;
  const p99s = own.map(({ p99Ms }) => p99Ms);
  return [
    toRow(`${what}, p50`, p50s(language), units.ms),
    toRow(`${what}, p50 to the sum of the echoes`, ratios(p50s(language), floor), units.times, { atMost: 1.6 }),
    againstPeers(`${what}, p50 to the better of BullMQ and Ray`, p50s(language), compared.map(p50s)),
    toRow(`${what}, p99`, p99s, units.ms),
    toRow(`${what}, p99 to its p50`, ratios(p99s, p50s(language)), units.times, { atMost: 5 }),
  ];
}

function againstPeers(what: string, own: readonly number[], peers: readonly (readonly number[])[]): Row {
  const ran = peers.filter((values) => values.length > 0).toSorted((a, b) => median(a) - median(b));
  const [better] = ran;
  if (better === undefined || ran.length < peers.length) {
    return toMissingRow(what, { atMost: 0.6 }, units.times, "needs --peers with both");
  }
  return toRow(what, ratios(own, better), units.times, { atMost: 0.6 });
}
