/** Throws a RangeError unless `value` is a whole number within bounds. */
export function requireWholeNumber(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`${name} is ${value}; it must be a whole number from ${min} to ${max}.`);
}
