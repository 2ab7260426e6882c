import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decodeArguments, decodeResult } from "../src/payload/decode.ts";
import { payloadBytesMax } from "@hearth/payloads/bounds";
import { encodeArguments, encodeResult } from "../src/payload/encode.ts";

type Described =
  | { kind: "null" }
  | { kind: "boolean"; value: boolean }
  | { kind: "text"; text: string }
  | { kind: "integer"; digits: string }
  | { kind: "float"; text: string }
  | { kind: "bytes"; hex: string }
  | { kind: "datetime"; unixMs: number }
  | { kind: "list"; items: Described[] }
  | { kind: "object"; fields: Record<string, Described> };

function build(value: Described): unknown {
  switch (value.kind) {
    case "null":
      return null;
    case "boolean":
      return value.value;
    case "text":
      return value.text;
    case "integer":
      return Number.isSafeInteger(Number(value.digits)) ? Number(value.digits) : BigInt(value.digits);
    case "float":
      return Number(value.text.replace("inf", "Infinity").replace("nan", "NaN"));
    case "bytes":
      return new Uint8Array(Buffer.from(value.hex, "hex"));
    case "datetime":
      return new Date(value.unixMs);
    case "list":
      return value.items.map(build);
    case "object":
      return Object.fromEntries(Object.entries(value.fields).map(([key, field]) => [key, build(field)]));
  }
}

const vectorsFile = join(import.meta.dirname, "../../../test/vectors/payloads.json");
const vectors = JSON.parse(readFileSync(vectorsFile, "utf8")) as { name: string; encoded: string; value: Described }[];

describe("every shared vector", () => {
  test.each(vectors)("decodes: $name", ({ encoded, value }) => {
    expect(decodeResult(Buffer.from(encoded))).toEqual(build(value));
  });

  test.each(vectors)("encodes to the same JSON value: $name", ({ encoded, value }) => {
    expect(JSON.parse(Buffer.from(encodeResult(build(value))).toString())).toEqual(JSON.parse(encoded));
  });
});

describe("what cannot be sent", () => {
  test("is refused with the argument and the path in it", () => {
    expect(() => encodeArguments([1, { rows: [{}, { load: () => 1 }] }])).toThrow(
      "argument 2, at rows[1].load: a function cannot be sent",
    );
  });

  test.each([new Map(), new Set(), Promise.resolve(), Symbol("x"), /x/, new Date(Number.NaN)])(
    "is refused: %o",
    (value) => {
      expect(() => encodeResult(value)).toThrow(expect.objectContaining({ reason: "NOT_SERIALIZABLE" }));
    },
  );

  test("an instance of a class made from a built-in container is refused, not sent empty", () => {
    class Index extends Map<string, number> {}
    expect(() => encodeResult(new Index([["a", 1]]))).toThrow("a value of type Index cannot be sent");
  });

  test("a value that contains itself is refused", () => {
    const value: { self?: unknown } = {};
    value.self = value;
    expect(() => encodeResult(value)).toThrow("contains itself");
  });

  test("more than 64 MiB is refused as too large", () => {
    expect(() => encodeResult("x".repeat(payloadBytesMax))).toThrow(
      expect.objectContaining({ reason: "PAYLOAD_TOO_LARGE" }),
    );
  });
});

test("a class instance travels as an object of its fields", () => {
  class Point {
    readonly x = 1;
  }
  expect(decodeResult(encodeResult(new Point()))).toEqual({ x: 1 });
});

test("keyword arguments come as one last object", () => {
  expect(decodeArguments(Buffer.from('{"args":[1],"kwargs":{"a":2}}'))).toEqual([1, { a: 2 }]);
});

test("arguments of another shape are refused as invalid", () => {
  expect(() => decodeArguments(Buffer.from("[1]"))).toThrow(expect.objectContaining({ reason: "INVALID_ARGUMENTS" }));
});
