/** What anybody can put into a message on the bus, as the core, the tables and clients can have it. */

/** The last moment a google.protobuf.Timestamp has a text for. */
const momentMax = 253_402_300_799_999;
/** Tables keep whole numbers in 32 bits. */
const wholeMax = 2 ** 31 - 1;
/** Ids are keys of tables, whose indexes refuse long ones. */
const idLengthMax = 200;

/** Whole milliseconds since 1970; 0, which says nothing, when they are none. */
export function moment(ms: number): number {
  return ms >= 0 && ms <= momentMax ? Math.floor(ms) : 0;
}

/** An amount: finite and not below 0, or else 0. */
export function amount(value: number): number {
  return Number.isFinite(value) && value >= 0 ? value : 0;
}

export function whole(value: number): number {
  return value <= wholeMax ? value : 0;
}

/** PostgreSQL's texts cannot hold NUL. */
export function text(value: string): string {
  return value.replaceAll("\0", "\uFFFD");
}

export function isId(value: string): boolean {
  return value !== "" && value.length <= idLengthMax && !value.includes("\0");
}

/** The number of an attempt, from 1. */
export function isAttemptNumber(value: number): boolean {
  return value >= 1 && value <= wholeMax;
}
