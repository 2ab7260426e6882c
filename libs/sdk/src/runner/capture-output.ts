import type { Attempt } from "./attempt.ts";

type WriteCallback = (error: null) => void;

/** Longer texts are sent in pieces, so that what there is room for is sent. */
const pieceBytesMax = 64 * 1024;

/** From now on, what code of an attempt prints is that attempt's; all else goes where it went before. */
export function captureOutput(currentAttempt: () => Attempt | undefined): void {
  const owed = new OwedCallbacks();
  for (const name of ["stdout", "stderr"] as const) {
    const stream = process[name];
    const original = stream.write.bind(stream);
    const write = (text: string | Uint8Array, ...rest: unknown[]): boolean => {
      const attempt = currentAttempt();
      if (attempt === undefined || attempt.ended) return (original as (...args: unknown[]) => boolean)(text, ...rest);
      const encoding = typeof rest[0] === "string" ? (rest[0] as BufferEncoding) : undefined;
      const bytes = typeof text === "string" ? Buffer.from(text, encoding) : Buffer.from(text);
      let isKept = true;
      for (const piece of pieces(bytes)) isKept = attempt.log(name, piece);
      const done = rest.find((argument) => typeof argument === "function") as WriteCallback | undefined;
      if (done === undefined) return true;
      if (isKept) process.nextTick(done, null);
      else owed.add(attempt, done);
      return true;
    };
    stream.write = write;
  }
}

function* pieces(bytes: Buffer): Generator<Uint8Array, void> {
  for (let at = 0; at < bytes.length;) {
    let end = Math.min(at + pieceBytesMax, bytes.length);
    // Never inside a character: its later bytes are 10xxxxxx.
    while (end < bytes.length && end > at + 1 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
    yield bytes.subarray(at, end);
    at = end;
  }
}

/** Callbacks of writes that were dropped, which come without end; those of one function, as the console's are, are counted. */
class OwedCallbacks {
  readonly #ofAttempts = new Map<Attempt, Map<WriteCallback, number>>();

  /** It is called in the attempt's own context. */
  add(attempt: Attempt, done: WriteCallback): void {
    const owed = this.#ofAttempts.get(attempt) ?? new Map<WriteCallback, number>();
    if (owed.size === 0) {
      this.#ofAttempts.set(attempt, owed);
      process.nextTick(() => this.#settle(attempt));
    }
    owed.set(done, (owed.get(done) ?? 0) + 1);
  }

  #settle(attempt: Attempt): void {
    const owed = this.#ofAttempts.get(attempt);
    this.#ofAttempts.delete(attempt);
    for (const [done, times] of owed ?? []) for (let called = 0; called < times; called += 1) done(null);
  }
}
