/** Under which key a run's new log lines are told of; its other changes are told under its name. */
export function linesKey(run: string): string {
  return `${run}/lines`;
}

/** Tells watchers in this process that something with a key has changed. What changed they read for themselves. */
export class ChangeFeed {
  readonly #watchers = new Map<string, Set<Watch["tell"]>>();

  /** `details` names parts that changed, such as the executions of a run. */
  publish(key: string, details: readonly string[] = []): void {
    for (const tell of this.#watchers.get(key) ?? []) tell(details);
  }

  /** For when it is not known what changed: tells every watcher that much has. */
  publishAll(): void {
    for (const watchers of this.#watchers.values()) for (const tell of watchers) tell("many");
  }

  /**
   * Watches some keys from now on. A watcher that is slow gets one change for all it missed: only the names of changed
   * parts are kept for it, each once.
   */
  watch(keys: readonly string[], signal: AbortSignal): Watch {
    const watch = new Watch(signal, () => {
      for (const key of keys) this.#remove(key, watch.tell);
    });
    for (const key of keys) {
      const watchers = this.#watchers.get(key) ?? new Set();
      this.#watchers.set(key, watchers.add(watch.tell));
    }
    return watch;
  }

  #remove(key: string, tell: Watch["tell"]): void {
    const watchers = this.#watchers.get(key);
    watchers?.delete(tell);
    if (watchers?.size === 0) this.#watchers.delete(key);
  }
}

/** Names kept for a slow watcher; beyond that it is only told that much has changed. */
const detailsMax = 10_000;

/** The names of the parts that changed, each once, or that there were too many to keep. */
export type Changes = readonly string[] | "many";

/** One watcher's view of the changes. */
export class Watch implements Disposable {
  #changed = false;
  #details: Set<string> | "many" = new Set();
  #wake: (() => void) | undefined;
  readonly #signal: AbortSignal;
  readonly #leave: () => void;

  constructor(signal: AbortSignal, leave: () => void) {
    this.#signal = signal;
    this.#leave = leave;
    signal.addEventListener("abort", this.#rouse, { once: true });
  }

  readonly tell = (changes: Changes): void => {
    this.#changed = true;
    this.#details = withChanges(this.#details, changes);
    this.#rouse();
  };

  /**
   * Waits for a change, at most `waitMs` when that is given. Returns the parts that changed since the last call, or
   * undefined once the signal has ended the watch.
   */
  async next(waitMs?: number): Promise<Changes | undefined> {
    if (!this.#changed && !this.#signal.aborted) {
      const timer = waitMs === undefined ? undefined : setTimeout(this.#rouse, waitMs);
      await new Promise<void>((resolve) => (this.#wake = resolve));
      clearTimeout(timer);
    }
    return this.#signal.aborted ? undefined : this.drain();
  }

  /** The parts that changed since the last call, without waiting. */
  drain(): Changes {
    this.#changed = false;
    const details = this.#details;
    this.#details = new Set();
    return details === "many" ? "many" : [...details];
  }

  [Symbol.dispose](): void {
    this.#signal.removeEventListener("abort", this.#rouse);
    this.#leave();
  }

  readonly #rouse = (): void => {
    this.#wake?.();
    this.#wake = undefined;
  };
}

function withChanges(known: Set<string> | "many", changes: Changes): Set<string> | "many" {
  if (known === "many" || changes === "many") return "many";
  for (const change of changes) {
    known.add(change);
    if (known.size > detailsMax) return "many";
  }
  return known;
}
