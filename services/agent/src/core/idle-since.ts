/**
 * Since when a replica has been idle, milliseconds since 1970, 0 while it is not; `before` is what this said last. TTLs
 * count from it, so it is asked whenever the number of live attempts may have changed.
 */
export function idleSince(before: number, live: number, now: number): number {
  if (live > 0) return 0;
  return before === 0 ? now : before;
}
