import { types } from "node:util";
import { payloadBytesMax } from "@hearth/payloads/bounds";
import { PayloadError } from "./payload-error.ts";

/** The payload of positional arguments. Throws `PayloadError` that names the argument and the path in it. */
export function encodeArguments(args: readonly unknown[]): Uint8Array {
  const encoded = args.map((arg, index) => encode(arg, { subject: `argument ${index + 1}`, path: "", above: [] }));
  return toBytes({ args: encoded }, "The arguments");
}

/** The payload of a result. Throws `PayloadError` that names the path in it. */
export function encodeResult(value: unknown): Uint8Array {
  return toBytes(encode(value, { subject: "the result", path: "", above: [] }), "The result");
}

/** Where in which value the encoder is. */
interface Place {
  readonly subject: string;
  readonly path: string;
  /** The containers around this place: one that holds itself has no end. */
  readonly above: readonly object[];
}

function toBytes(encoded: unknown, what: string): Uint8Array {
  const bytes = Buffer.from(JSON.stringify(encoded));
  if (bytes.length > payloadBytesMax) {
    const message = `${what} take ${bytes.length} bytes encoded; at most ${payloadBytesMax} can be sent. Send a reference to the data instead.`;
    throw new PayloadError("PAYLOAD_TOO_LARGE", message);
  }
  return bytes;
}

function encode(value: unknown, place: Place): unknown {
  switch (typeof value) {
    case "undefined":
      return null;
    case "boolean":
    case "string":
      return value;
    case "number":
      return encodeNumber(value);
    case "bigint":
      return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
        ? Number(value)
        : { $int: value.toString() };
    case "object":
      return value === null ? null : encodeObject(value, place);
    case "function":
    case "symbol":
      throw refuse(place, `a ${typeof value}`);
  }
}

function encodeNumber(value: number): unknown {
  if (Number.isNaN(value)) return { $float: "nan" };
  if (!Number.isFinite(value)) return { $float: value > 0 ? "inf" : "-inf" };
  return value;
}

function encodeObject(value: object, place: Place): unknown {
  if (value instanceof Uint8Array) {
    return { $bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") };
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refuse(place, "an invalid Date");
    return { $datetime: value.toISOString() };
  }
  if (place.above.includes(value)) throw refuse(place, "a value that contains itself");
  const above = [...place.above, value];
  if (Array.isArray(value)) {
    return Array.from(value as unknown[], (item, index) =>
      encode(item, { ...place, path: `${place.path}[${index}]`, above }),
    );
  }
  if (hidesWhatItHolds(value)) throw refuse(place, `a value of type ${typeName(value) || "Object"}`);
  const entries = Object.entries(value).map(([key, field]) => {
    const path = place.path === "" ? key : `${place.path}.${key}`;
    return [key, encode(field, { ...place, path, above })] as const;
  });
  const fields = Object.fromEntries(entries);
  return entries.length === 1 && entries[0]?.[0].startsWith("$") ? { $object: fields } : fields;
}

/** Built-in values, and the user's classes made from them, hold what no field shows: sending their fields would lose it. */
function hidesWhatItHolds(value: object): boolean {
  if (types.isMap(value) || types.isSet(value) || types.isPromise(value) || types.isAnyArrayBuffer(value)) return true;
  if (ArrayBuffer.isView(value) || types.isRegExp(value)) return true;
  return Object.prototype.toString.call(value) !== "[object Object]" && !isUserClass(value);
}

/** A class of the user's may set its own toStringTag; a built-in one is a global of its name. */
function isUserClass(value: object): boolean {
  const name = typeName(value);
  return name !== "" && !(name in globalThis);
}

/** Empty when the value has no class. */
function typeName(value: object): string {
  const { constructor } = value as { readonly constructor?: unknown };
  return typeof constructor === "function" ? constructor.name : "";
}

function refuse(place: Place, what: string): PayloadError {
  const where = place.path === "" ? place.subject : `${place.subject}, at ${place.path}`;
  return new PayloadError("NOT_SERIALIZABLE", `${where}: ${what} cannot be sent`);
}
