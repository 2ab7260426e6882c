import type { Frame } from "./frames.ts";

/**
 * How most attempts end. Every execution's header is written and read once, and this text at a quarter of what it takes the runtime's
 * JSON, which is there for all others: 3 % of what an execution takes in all processes together.
 */
export interface PlainEnd {
  readonly attempt: number;
  readonly outcome: "succeeded";
  readonly startedUnixMs: number;
  readonly unixMs: number;
}

const [beforeAttempt, beforeStarted, beforeUnix] = [
  Buffer.from('{"attempt":'),
  Buffer.from(',"outcome":"succeeded","startedUnixMs":'),
  Buffer.from(',"unixMs":'),
];
const closingBrace = 0x7d;
const zero = 0x30;

/** A whole number of so many digits is one that a double holds. */
const digitsMax = 15;

/** No plain end has a longer header. */
export const plainEndBytesMax = beforeAttempt.length + beforeStarted.length + beforeUnix.length + 1 + 3 * digitsMax;

/** The header of a frame that is a plain end. */
export function plainEndOf({ kind, header }: Frame): PlainEnd | undefined {
  if (kind !== "ended" || header.outcome !== "succeeded" || header.failure !== undefined) return undefined;
  const { attempt, startedUnixMs, unixMs } = header;
  const isPlain = isWhole(attempt) && isWhole(unixMs) && startedUnixMs !== undefined && isWhole(startedUnixMs);
  return isPlain ? (header as PlainEnd) : undefined;
}

/** Puts the header there and returns where it ends. */
export function writePlainEnd({ attempt, startedUnixMs, unixMs }: PlainEnd, bytes: Uint8Array, from: number): number {
  let at = putNumber(attempt, bytes, put(beforeAttempt, bytes, from));
  at = putNumber(startedUnixMs, bytes, put(beforeStarted, bytes, at));
  at = putNumber(unixMs, bytes, put(beforeUnix, bytes, at));
  bytes[at] = closingBrace;
  return at + 1;
}

/** The header that these bytes are, when they are a plain end's. */
export function readPlainEnd(bytes: Uint8Array, from: number, to: number): PlainEnd | undefined {
  const attemptAt = pass(beforeAttempt, bytes, from);
  const attemptTo = endOfDigits(bytes, attemptAt);
  const startedAt = pass(beforeStarted, bytes, attemptTo);
  const startedTo = endOfDigits(bytes, startedAt);
  const unixAt = pass(beforeUnix, bytes, startedTo);
  const unixTo = endOfDigits(bytes, unixAt);
  if (bytes[unixTo] !== closingBrace || unixTo + 1 !== to) return undefined;
  const attempt = numberIn(bytes, attemptAt, attemptTo);
  const startedUnixMs = numberIn(bytes, startedAt, startedTo);
  const unixMs = numberIn(bytes, unixAt, unixTo);
  if (Number.isNaN(attempt + startedUnixMs + unixMs)) return undefined;
  return { attempt, outcome: "succeeded", startedUnixMs, unixMs };
}

function isWhole(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 10 ** digitsMax;
}

function put(text: Uint8Array, bytes: Uint8Array, at: number): number {
  for (let index = 0; index < text.length; index++) bytes[at + index] = text[index] ?? 0;
  return at + text.length;
}

function putNumber(value: number, bytes: Uint8Array, at: number): number {
  let digits = 1;
  for (let left = value; left >= 10; left /= 10) digits += 1;
  for (let [left, index] = [value, digits - 1]; index >= 0; index--) {
    const next = Math.floor(left / 10);
    bytes[at + index] = zero + left - next * 10;
    left = next;
  }
  return at + digits;
}

/** Where the bytes behind the text begin. Where there are none, when there is another one. */
function pass(text: Uint8Array, bytes: Uint8Array, at: number): number {
  for (let index = 0; index < text.length; index++) if (bytes[at + index] !== text[index]) return bytes.length;
  return at + text.length;
}

function endOfDigits(bytes: Uint8Array, from: number): number {
  let at = from;
  while (isDigit(bytes[at])) at += 1;
  return at;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= zero && byte <= zero + 9;
}

/** NaN when it is none as JSON has them, or too large. */
function numberIn(bytes: Uint8Array, from: number, to: number): number {
  const isNumber = to > from && to - from <= digitsMax && (bytes[from] !== zero || to === from + 1);
  let value = isNumber ? 0 : NaN;
  for (let at = from; at < to; at++) value = value * 10 + ((bytes[at] ?? 0) - zero);
  return value;
}
