/** Starts of a pool's replicas that failed, one after the other. */
export interface StartFailures {
  readonly count: number;
  readonly lastAtMs: number;
  /** How the last one failed, with the last lines of the replica's output. */
  readonly message: string;
}

const firstDelayMs = 500;
const delayMaxMs = 30_000;

/** When the next start may be tried: 0.5 s after the first failure, twice as long after each further one, at most 30 s. */
export function nextStartAt(failures: StartFailures): number {
  return failures.lastAtMs + Math.min(delayMaxMs, firstDelayMs * 2 ** Math.min(failures.count - 1, 16));
}
