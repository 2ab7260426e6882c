/** Seconds, or parts that are added up. */
export type Duration =
  number | { readonly days?: number; readonly hours?: number; readonly minutes?: number; readonly seconds?: number };

const thirtyDaysS = 30 * 24 * 3600;

/** Protobuf's JSON form of a duration, to the millisecond. Throws a RangeError unless above 0 and at most 30 days. */
export function toWireDuration(name: string, duration: Duration): string {
  return `${toMilliseconds(name, duration) / 1000}s`;
}

/** Whole milliseconds. Throws a RangeError unless above 0 and at most 30 days. */
export function toMilliseconds(name: string, duration: Duration): number {
  const seconds = toSeconds(duration);
  const milliseconds = Math.round(seconds * 1000);
  if (milliseconds >= 1 && seconds <= thirtyDaysS) return milliseconds;
  throw new RangeError(`${name} is ${seconds} s; it must be at least 1 ms and at most 30 days.`);
}

/** The parts added up; the bounds are the caller's. */
export function toSeconds(duration: Duration): number {
  if (typeof duration === "number") return duration;
  const { days = 0, hours = 0, minutes = 0, seconds = 0 } = duration;
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}
