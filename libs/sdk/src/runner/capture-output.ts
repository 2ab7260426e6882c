import type { Attempt } from "./attempt.ts";

/** Longer texts are sent in pieces, so that no frame comes near its bound. */
const pieceBytesMax = 1024 * 1024;

/** From now on, what code of an attempt prints is that attempt's; all else goes where it went before. */
export function captureOutput(currentAttempt: () => Attempt | undefined): void {
  for (const name of ["stdout", "stderr"] as const) {
    const stream = process[name];
    const original = stream.write.bind(stream);
    const write = (text: string | Uint8Array, ...rest: unknown[]): boolean => {
      const attempt = currentAttempt();
      if (attempt === undefined || attempt.ended) return (original as (...args: unknown[]) => boolean)(text, ...rest);
      const encoding = typeof rest[0] === "string" ? (rest[0] as BufferEncoding) : undefined;
      const bytes = typeof text === "string" ? Buffer.from(text, encoding) : Buffer.from(text);
      for (const piece of pieces(bytes)) attempt.log(name, piece);
      const done = rest.find((argument) => typeof argument === "function");
      if (done !== undefined) process.nextTick(done);
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
