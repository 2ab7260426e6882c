/** What follows closely on other work is not rest: a collection would be in the way of what comes next. */
const restMs = 2_000;
/** It takes about 0.1 s: not more than a hundredth of the time of a replica that comes to rest again and again. */
const everyMs = 10_000;
/** Less is not worth it. */
const grownBytesMin = 8 * 1024 * 1024;

/** The memory of a replica's agent as it stands. */
export interface CollectionSnapshot {
  /** Since when nothing has run, milliseconds since 1970. 0 while something does. */
  readonly idleSinceMs: number;
  readonly residentBytes: number;
  /** The last collection, and what was left then. Undefined: there was none since the start, which leaves much behind. */
  readonly last: { readonly atMs: number; readonly residentBytes: number } | undefined;
}

export type CollectionDecision =
  { readonly kind: "wait"; readonly reason: string } | { readonly kind: "collect"; readonly reason: string };

/** Whether an agent gives back now what its start, or the work that it has had, has left in its memory. */
export function decideCollection(
  { idleSinceMs, residentBytes, last }: CollectionSnapshot,
  now: number,
): CollectionDecision {
  if (idleSinceMs === 0) return { kind: "wait", reason: "something runs" };
  if (now < idleSinceMs + restMs) return { kind: "wait", reason: "the last attempt has only just ended" };
  if (last === undefined) return { kind: "collect", reason: "it has started" };
  if (residentBytes < last.residentBytes + grownBytesMin) return { kind: "wait", reason: "it has hardly grown" };
  if (now < last.atMs + everyMs) return { kind: "wait", reason: "the last one was a short time ago" };
  return { kind: "collect", reason: `it has grown by ${residentBytes - last.residentBytes} bytes` };
}
