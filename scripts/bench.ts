import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { describeMachine } from "../test/bench/src/machine.ts";
import { parts } from "../test/bench/src/parts/all.ts";
import type { Bench, Effort, Part, PartResult } from "../test/bench/src/part.ts";
import { peerDefinitions, peersNotToBeHad } from "../test/bench/src/peers/all.ts";
import { startPeer, type Peer } from "../test/bench/src/peers/peer.ts";
import { leaveNothing } from "../test/bench/src/processes/leave-nothing.ts";
import { profile, type Profile } from "../test/bench/src/profile.ts";
import { toTable } from "../test/bench/src/report.ts";
import { build } from "./build.ts";

const usage = `Measures Hearth on this machine against its targets: docs/performance.md.

  pnpm bench                   every part
  pnpm bench --only a,b        only these parts
  pnpm bench --peers           also other systems, installed when they are missing
  pnpm bench --runs N          rounds of everything that is compared; default 5
  pnpm bench --seconds S       length of each measurement; default 2
  pnpm bench --json FILE       writes all that was measured
  pnpm bench --plot FILE       writes the drawing of latency against load, as SVG
  pnpm bench --profile         instead: which functions of router and agent cost most per execution

Parts: ${parts.map(({ name }) => name).join(", ")}.
Exit code 1 when a part could not be measured, 64 when the arguments are wrong.`;

// Whatever a failure may have left open keeps nobody waiting.
process.exit(await main());

async function main(): Promise<number> {
  const asked = parse();
  if (asked === undefined) {
    console.error(usage);
    return 64;
  }
  leaveNothing();
  await build();
  if (asked.profile) {
    showProfile(await profile(asked.effort));
    return 0;
  }
  const say = (text: string): void => console.error(text);
  const { peers, problems } = asked.peers ? await startPeers(say) : { peers: [], problems: [] };
  const bench: Bench = { effort: asked.effort, peers, say };
  const results = new Map<string, PartResult>();
  try {
    for (const part of asked.parts) await measure(part, bench, results, problems);
  } finally {
    // Who cannot end in order ends with this process.
    await Promise.allSettled(peers.map((peer) => peer.stop()));
  }
  const machine = describeMachine(peers);
  console.log(toTable([...results.values()].flatMap(({ rows }) => rows)));
  for (const { name, settings, durability } of peers) console.log(`\n${name}: ${settings}. Durability: ${durability}.`);
  for (const problem of problems) console.log(`\nNOT MEASURED: ${problem}`);
  if (asked.json !== undefined) {
    const { effort } = asked;
    const described = peers.map(({ name, version, settings, durability }) => ({ name, version, settings, durability }));
    const document = { machine, effort, peers: described, problems, parts: Object.fromEntries(results) };
    const withoutPlots = (key: string, value: unknown): unknown => (key === "plot" ? undefined : value);
    writeFileSync(asked.json, `${JSON.stringify(document, withoutPlots, 2)}\n`);
  }
  const drawing = [...results.values()].find(({ plot }) => plot !== undefined)?.plot;
  if (asked.plot !== undefined && drawing !== undefined) writeFileSync(asked.plot, drawing);
  return results.size === asked.parts.length ? 0 : 1;
}

function showProfile({ perSecond, ...processes }: Profile): void {
  console.log(`${Math.round(perSecond)} executions a second while profiled. Microseconds per execution:`);
  for (const [name, costs] of Object.entries(processes)) {
    const sum = costs.reduce((total, { microsecondsPerExecution }) => total + microsecondsPerExecution, 0);
    console.log(`\n${name}, ${sum.toFixed(1)} in all`);
    for (const { where, microsecondsPerExecution } of costs.slice(0, 30)) {
      console.log(`${microsecondsPerExecution.toFixed(2).padStart(8)}  ${where}`);
    }
  }
}

/** One that cannot be measured does not keep the others from it; it is told in the end. */
async function measure(part: Part, bench: Bench, results: Map<string, PartResult>, problems: string[]): Promise<void> {
  try {
    results.set(part.name, await part.run(bench));
  } catch (error) {
    problems.push(`${part.name} (${part.about}): ${(error as Error).message}`);
  }
}

async function startPeers(say: (text: string) => void): Promise<{ peers: Peer[]; problems: string[] }> {
  const peers: Peer[] = [];
  const problems = Object.entries(peersNotToBeHad).map(([name, why]) => `${name}: ${why}`);
  for (const definition of peerDefinitions) {
    say(`installing and starting ${definition.name}`);
    try {
      peers.push(await startPeer(definition));
    } catch (error) {
      problems.push(`${definition.name}: ${(error as Error).message}`);
    }
  }
  return { peers, problems };
}

function parse():
  | {
      readonly parts: readonly Part[];
      readonly effort: Effort;
      readonly peers: boolean;
      readonly profile: boolean;
      readonly json: string | undefined;
      readonly plot: string | undefined;
    }
  | undefined {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const options = {
    peers: flag,
    profile: flag,
    only: text,
    runs: text,
    seconds: text,
    json: text,
    plot: text,
  } as const;
  let values;
  try {
    ({ values } = parseArgs({ options, strict: true }));
  } catch {
    return undefined;
  }
  const { peers = false, profile = false, only, runs = "5", seconds = "2", json, plot } = values;
  const named = only?.split(",");
  const chosen = parts.filter(({ name }) => named?.includes(name) ?? true);
  const [rounds, measureMs] = [Number(runs), Number(seconds) * 1_000];
  if (chosen.length !== (named?.length ?? parts.length)) return undefined;
  if (!Number.isSafeInteger(rounds) || rounds < 1 || !(measureMs > 0)) return undefined;
  return {
    parts: chosen,
    effort: { rounds, warmUpMs: measureMs / 2, measureMs, smaller: 1 },
    peers,
    profile,
    json,
    plot,
  };
}
