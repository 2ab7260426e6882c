import type { Arrival, Chance, Workload } from "./arrival.ts";
import { drawDurations, drawExponential, type Durations } from "./durations.ts";

/** When executions are asked for. */
export type Source =
  /** Evenly spaced, the first at 0. */
  | { readonly kind: "even"; readonly perSecond: number }
  /** Independent of each other, as those of many users are. */
  | { readonly kind: "poisson"; readonly perSecond: number }
  /** As `poisson`, with a rate that swings as a sine between two, from the low one at 0 and back to it in `periodMs`. */
  | { readonly kind: "wave"; readonly lowPerSecond: number; readonly highPerSecond: number; readonly periodMs: number }
  /** So many at once, at 0 and every `everyMs` after it. */
  | { readonly kind: "bursts"; readonly executions: number; readonly everyMs: number };

/** A workload made up of one or several sources. */
export interface SyntheticWorkload {
  readonly sources: readonly Source[];
  readonly durations: Durations;
  /** Arrivals stop here. */
  readonly forMs: number;
  /** Executions fall on so many affinity keys, each as often. Undefined: none has a key. */
  readonly affinityKeys: number | undefined;
  /** Executions fall on so many runs, each as often. Undefined: each is a run of its own. */
  readonly runs: number | undefined;
}

/** The arrivals in the order of time. `newChance` gives the same chances each time it is called with the same name. */
export function synthesize(workload: SyntheticWorkload, newChance: (name: string) => Chance): Workload {
  const { sources, forMs } = workload;
  return {
    [Symbol.iterator]() {
      const moments = sources.map((source, index) => momentsOf(source, forMs, newChance(`source ${index}`)));
      return arrivalsAt(mergeMoments(moments), workload, newChance("arrivals"));
    },
  };
}

/** How many arrivals are to be expected; what chance gives is close to it. */
export function expectedArrivals({ sources, forMs }: SyntheticWorkload): number {
  return sources.reduce((sum, source) => sum + expectedOf(source, forMs), 0);
}

function expectedOf(source: Source, forMs: number): number {
  switch (source.kind) {
    case "even":
    case "poisson":
      return (source.perSecond * forMs) / 1_000;
    case "wave": {
      const { lowPerSecond: low, highPerSecond: high, periodMs } = source;
      const turn = (2 * Math.PI * forMs) / periodMs;
      const mean = (low + high) / 2 - (((high - low) / 2) * Math.sin(turn)) / turn;
      return (mean * forMs) / 1_000;
    }
    case "bursts":
      return source.executions * Math.ceil(forMs / source.everyMs);
  }
}

function* arrivalsAt(moments: Iterable<number>, workload: SyntheticWorkload, chance: Chance): Generator<Arrival> {
  const { affinityKeys, runs } = workload;
  const drawDuration = drawDurations(workload.durations, chance);
  for (const atMs of moments) {
    const durationMs = drawDuration();
    const run = runs === undefined ? undefined : `run-${Math.floor(chance() * runs)}`;
    const affinityKey = affinityKeys === undefined ? undefined : `key-${Math.floor(chance() * affinityKeys)}`;
    yield { atMs, durationMs, run, affinityKey, priority: 0 };
  }
}

function* momentsOf(source: Source, forMs: number, chance: Chance): Generator<number> {
  switch (source.kind) {
    case "even":
      for (let index = 0; ; index += 1) {
        const atMs = (index * 1_000) / source.perSecond;
        if (atMs >= forMs) return;
        yield atMs;
      }
    case "poisson":
      for (let atMs = drawGap(source.perSecond, chance); atMs < forMs; atMs += drawGap(source.perSecond, chance)) {
        yield atMs;
      }
      return;
    case "wave":
      yield* waveMoments(source, forMs, chance);
      return;
    case "bursts":
      for (let atMs = 0; atMs < forMs; atMs += source.everyMs) {
        for (let index = 0; index < source.executions; index += 1) yield atMs;
      }
  }
}

/** By thinning, after Lewis and Shedler, 1979: arrivals at the high rate, of which the rate of the moment keeps its share. */
function* waveMoments(wave: Source & { kind: "wave" }, forMs: number, chance: Chance): Generator<number> {
  const { lowPerSecond: low, highPerSecond: high, periodMs } = wave;
  for (let atMs = drawGap(high, chance); atMs < forMs; atMs += drawGap(high, chance)) {
    const rate = low + ((high - low) * (1 - Math.cos((2 * Math.PI * atMs) / periodMs))) / 2;
    if (chance() * high < rate) yield atMs;
  }
}

function drawGap(perSecond: number, chance: Chance): number {
  return drawExponential(1_000 / perSecond, chance);
}

/** All of them in the order of time; of equal moments the earlier source's first. */
function* mergeMoments(sources: readonly Iterator<number>[]): Generator<number> {
  const heads = sources.map((source) => ({ source, head: source.next() }));
  for (;;) {
    let first: (typeof heads)[number] | undefined;
    for (const one of heads) {
      if (one.head.done !== true && (first?.head.done !== false || one.head.value < first.head.value)) first = one;
    }
    if (first?.head.done !== false) return;
    yield first.head.value;
    first.head = first.source.next();
  }
}
