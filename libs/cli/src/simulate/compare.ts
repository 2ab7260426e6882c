import type { Figures } from "@hearth/simulation/report";
import { showDuration } from "../show/times.ts";

/** A policy and what it came to. */
export interface Compared {
  readonly name: string;
  readonly figures: Figures;
}

/** What each further policy gives and costs beside the first one, a sentence each. */
export function describeTradeOffs([base, ...others]: readonly Compared[]): readonly string[] {
  if (base === undefined) return [];
  return others.map((other) => {
    const waits = describeWaiting(base, other);
    const pays = describePrice(base, other);
    return `${other.name} ${waits} and ${pays}.`;
  });
}

/** Differences below this share are none. */
const notable = 0.005;
/** Shorter waits are too short to be compared by their ratio. */
const immediateMs = 0.5;

/** Compared at p95; where neither waits by then, further out. */
const percentiles = ["p95", "p99", "max"] as const;

function describeWaiting(base: Compared, other: Compared): string {
  const waits = ({ figures }: Compared, at: (typeof percentiles)[number]): number => figures.waitingMs[at];
  const at = percentiles.find((one) => Math.max(waits(base, one), waits(other, one)) >= immediateMs);
  if (at === undefined) return `waits as little as ${base.name}`;
  const [theirs, ours] = [waits(base, at), waits(other, at)];
  if (isSame(theirs, ours)) return `waits as long as ${base.name} at ${at}`;
  if (ours < immediateMs) return `does not wait at ${at} (${base.name}: ${showDuration(theirs)})`;
  if (theirs < immediateMs) return `waits ${showDuration(ours)} at ${at} (${base.name}: not at all)`;
  if (ours < theirs) return `waits ${percent(1 - ours / theirs)} less than ${base.name} at ${at}`;
  return ours <= 2 * theirs
    ? `waits ${percent(ours / theirs - 1)} longer than ${base.name} at ${at}`
    : `waits ${factor(ours / theirs)} as long as ${base.name} at ${at}`;
}

function describePrice(base: Compared, other: Compared): string {
  const [theirs, ours] = [base.figures.replicaSeconds, other.figures.replicaSeconds];
  if (isSame(theirs, ours) || theirs === 0) return "pays as many replica-seconds";
  return `pays ${factor(ours / theirs)} the replica-seconds`;
}

function isSame(a: number, b: number): boolean {
  return Math.abs(a - b) <= notable * Math.max(a, b);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function factor(ratio: number): string {
  return `${ratio < 10 ? Number(ratio.toFixed(ratio < 0.1 ? 2 : 1)) : Math.round(ratio)}x`;
}
