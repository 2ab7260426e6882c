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

function describeWaiting(base: Compared, other: Compared): string {
  const [theirs, ours] = [base.figures.waitingMs.p95, other.figures.waitingMs.p95];
  if (isSame(theirs, ours) || Math.max(theirs, ours) < immediateMs) return `waits as long as ${base.name} at p95`;
  if (ours < immediateMs) return `does not wait at p95 (${base.name}: ${showDuration(theirs)})`;
  if (theirs < immediateMs) return `waits ${showDuration(ours)} at p95 (${base.name}: not at all)`;
  if (ours < theirs) return `waits ${percent(1 - ours / theirs)} less than ${base.name} at p95`;
  const more = ours / theirs - 1;
  return more <= 1
    ? `waits ${percent(more)} longer than ${base.name} at p95`
    : `waits ${factor(ours / theirs)} as long as ${base.name} at p95`;
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
