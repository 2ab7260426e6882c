import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { measureClosedLoop } from "./load.ts";
import type { Effort } from "./part.ts";
import { root } from "./paths.ts";
import { startSystem } from "./system.ts";

/** What a function itself costs, without what it calls. */
export interface Cost {
  readonly where: string;
  readonly microsecondsPerExecution: number;
}

export interface Profile {
  readonly perSecond: number;
  readonly router: readonly Cost[];
  readonly agent: readonly Cost[];
}

/** Where a router and an agent spend their processor time with 512 in flight, the most expensive first. */
export async function profile(effort: Effort): Promise<Profile> {
  const folders = { router: newFolder(), agent: newFolder() };
  const [router, agent] = [folders.router, folders.agent].map((folder) => ["--cpu-prof", `--cpu-prof-dir=${folder}`]);
  let executions = 0;
  let perSecond = 0;
  {
    await using system = await startSystem({ router: { nodeArguments: router! }, agentNodeArguments: agent! });
    await system.deploy("node", "noop");
    await system.stopControlPlane();
    const send = system.router.client.sender("bench-node", "noop");
    const counted: typeof send = (onAnswer) => {
      executions += 1;
      send(onAnswer);
    };
    for (let round = 0; round < effort.rounds; round++) {
      ({ perSecond } = await measureClosedLoop(counted, 512, effort));
    }
  }
  const costs = { router: rank(folders.router, executions), agent: rank(folders.agent, executions) };
  Object.values(folders).forEach((folder) => rmSync(folder, { recursive: true, force: true }));
  return { perSecond, ...costs };
}

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "hearth-profile-"));
}

/** As V8 writes it: https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile. Times in microseconds. */
interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

function rank(folder: string, executions: number): readonly Cost[] {
  const microseconds = new Map<string, number>();
  for (const file of readdirSync(folder)) {
    const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, file), "utf8")) as CpuProfile;
    const places = new Map(nodes.map(({ id, callFrame }) => [id, describe(callFrame)]));
    samples.forEach((id, index) => {
      const place = places.get(id) ?? "";
      microseconds.set(place, (microseconds.get(place) ?? 0) + (timeDeltas[index] ?? 0));
    });
  }
  microseconds.delete("(idle)");
  return [...microseconds]
    .map(([where, total]) => ({ where, microsecondsPerExecution: total / executions }))
    .toSorted((a, b) => b.microsecondsPerExecution - a.microsecondsPerExecution);
}

/** A function by its name and the source file it was written in. */
function describe({ functionName, url, lineNumber, columnNumber }: CallFrame): string {
  const name = functionName || "(anonymous)";
  if (!url.startsWith("file:")) return url === "" ? name : `${name} ${url}`;
  const path = fileURLToPath(url);
  const entry = sourceMapOf(path)?.findEntry(lineNumber, columnNumber);
  const source = entry !== undefined && "originalSource" in entry ? entry.originalSource : undefined;
  if (source === undefined) return `${name} ${relative(root, path)}`;
  const original = join(path, "..", source);
  // What lies in node_modules is told by its package.
  const inside = original.split(`node_modules${sep}`).at(-1) ?? original;
  return `${name} ${inside === original ? relative(root, original) : inside}`;
}

const sourceMaps = new Map<string, SourceMap | undefined>();

function sourceMapOf(path: string): SourceMap | undefined {
  if (!sourceMaps.has(path)) {
    const file = `${path}.map`;
    const map = existsSync(file)
      ? new SourceMap(JSON.parse(readFileSync(file, "utf8")) as SourceMapPayload)
      : undefined;
    sourceMaps.set(path, map);
  }
  return sourceMaps.get(path);
}
