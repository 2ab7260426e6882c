import { PayloadError } from "./payload-error.ts";

/** The value of a result. An empty payload is `undefined`. */
export function decodeResult(bytes: Uint8Array): unknown {
  return bytes.length === 0 ? undefined : decode(parse(bytes));
}

/** Positional arguments; keyword arguments come as one last object. Throws `PayloadError` with INVALID_ARGUMENTS. */
export function decodeArguments(bytes: Uint8Array): unknown[] {
  if (bytes.length === 0) return [];
  const value = parse(bytes);
  if (!isFields(value)) throw noArguments();
  const { args = [], kwargs = {} } = value;
  if (!Array.isArray(args) || !isFields(kwargs)) throw noArguments();
  const positional: unknown[] = args.map(decode);
  return Object.keys(kwargs).length === 0 ? positional : [...positional, mapFields(kwargs, decode)];
}

function noArguments(): PayloadError {
  return invalid('Arguments are an object such as {"args": [1, 2], "kwargs": {"name": "x"}}.');
}

type Fields = Readonly<Record<string, unknown>>;

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  } catch (error) {
    throw invalid(`The payload is not JSON: ${(error as Error).message}`);
  }
}

function decode(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decode);
  if (!isFields(value)) return value;
  const keys = Object.keys(value);
  const tag = keys.length === 1 ? keys[0] : undefined;
  return tag?.startsWith("$") ? decodeTagged(tag, value[tag]) : mapFields(value, decode);
}

function decodeTagged(tag: string, content: unknown): unknown {
  if (tag === "$object" && isFields(content)) return mapFields(content, decode);
  if (typeof content !== "string") throw invalid(`A ${tag} cannot hold ${JSON.stringify(content)}.`);
  switch (tag) {
    case "$int":
      if (!/^-?\d+$/.test(content)) throw invalid(`"${content}" is no integer.`);
      return BigInt(content);
    case "$float":
      return decodeFloat(content);
    case "$bytes":
      return new Uint8Array(Buffer.from(content, "base64"));
    case "$datetime":
      return decodeMoment(content);
    default:
      throw invalid(`${tag} is no tag of the payload encoding.`);
  }
}

function decodeFloat(text: string): number {
  const values = new Map([
    ["nan", Number.NaN],
    ["inf", Number.POSITIVE_INFINITY],
    ["-inf", Number.NEGATIVE_INFINITY],
  ]);
  const value = values.get(text);
  if (value === undefined) throw invalid(`"${text}" is no $float.`);
  return value;
}

function decodeMoment(text: string): Date {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) throw invalid(`"${text}" is no moment.`);
  return moment;
}

/** By entries and not by assignment, so that a field called `__proto__` stays a field. */
function mapFields(fields: Fields, map: (value: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, map(value)]));
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(message: string): PayloadError {
  return new PayloadError("INVALID_ARGUMENTS", message);
}
