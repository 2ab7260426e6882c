/** Something set to happen. */
export interface Timer {
  /** Keeps it from happening. Does nothing once it has. */
  cancel(): void;
}

/** Time as loops and adapters see it. Core functions get `now` as an argument instead. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once, `delayMs` milliseconds from now. */
  after(delayMs: number, callback: () => void): Timer;
  /** Calls back every `periodMs` milliseconds until cancelled. */
  every(periodMs: number, callback: () => void): Timer;
}
