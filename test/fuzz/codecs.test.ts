import { create, fromBinary, toBinary, type DescMessage, type Message } from "@bufbuild/protobuf";
import {
  AttachRequestSchema,
  AttachResponseSchema,
  decodeMessage,
  encodeMessage,
  ExecuteStreamRequestSchema,
  ExecuteStreamResponseSchema,
  ExecutionRequestSchema,
  JournalBatchSchema,
} from "@hearth/proto";
import { Random } from "@hearth/simulation";
import { describe, expect, it } from "vitest";
import { randomMessage } from "./random-message.ts";
import { spoil } from "./spoil-bytes.ts";

const types: readonly DescMessage[] = [
  ExecuteStreamRequestSchema,
  ExecuteStreamResponseSchema,
  AttachRequestSchema,
  AttachResponseSchema,
  JournalBatchSchema,
];

/** Some of them have megabytes. */
const messagesEach = 100;

describe.each(types.map((type) => [type.name, type] as const))("The generated code for %s", (_name, type) => {
  it("writes to the byte what protobuf-es writes", () => {
    const random = new Random(1);
    for (let count = 0; count < messagesEach; count++) {
      const message = randomMessage(random, type);
      expect(Buffer.from(encodeMessage(type, message)).equals(toBinary(type, message))).toBe(true);
    }
  });

  it("reads what protobuf-es reads", () => {
    const random = new Random(2);
    for (let count = 0; count < messagesEach; count++) {
      const bytes = toBinary(type, randomMessage(random, type));
      expect(Buffer.from(bytes).equals(toBinary(type, decodeMessage(type, bytes)))).toBe(true);
    }
  });

  it("refuses spoilt bytes as such, or makes a message of its type of them", () => {
    const random = new Random(3);
    let refused = 0;
    for (let count = 0; count < messagesEach; count++) {
      const bytes = spoil(random, toBinary(type, randomMessage(random, type)));
      const message = readOrRefuse(bytes);
      if (message === undefined) refused += 1;
      else expect(fromBinary(type, encodeMessage(type, message)).$typeName).toBe(type.typeName);
    }
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(messagesEach);

    function readOrRefuse(bytes: Uint8Array): Message | undefined {
      try {
        return decodeMessage(type, bytes);
      } catch (error) {
        expect(error).not.toBeInstanceOf(TypeError);
        return undefined;
      }
    }
  });
});

describe("A message of the hot path", () => {
  it("may be larger than what the writer keeps", () => {
    const inline = new Uint8Array(3_000_000).fill(7);
    const request = create(ExecutionRequestSchema, { task: "näme", arguments: { inline }, priority: -3 });
    const frame = create(ExecuteStreamRequestSchema, { executions: [request, request] });
    const read = decodeMessage(ExecuteStreamRequestSchema, encodeMessage(ExecuteStreamRequestSchema, frame));
    expect(read.executions.map(({ task, priority }) => [task, priority])).toEqual([
      ["näme", -3],
      ["näme", -3],
    ]);
    expect(Buffer.from(read.executions[1]!.arguments!.inline).equals(inline)).toBe(true);
  });

  it("is written whole after one that could not be written", () => {
    const good = create(ExecuteStreamRequestSchema, { executions: [{ task: "good" }] });
    const bad = create(ExecuteStreamRequestSchema, { executions: [{ task: "bad" }] });
    bad.executions.unshift(undefined as never);
    expect(() => encodeMessage(ExecuteStreamRequestSchema, bad)).toThrow(TypeError);
    expect(encodeMessage(ExecuteStreamRequestSchema, good)).toEqual(toBinary(ExecuteStreamRequestSchema, good));
  });
});
