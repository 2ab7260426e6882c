import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ExecuteStreamRequestSchema } from "@hearth/proto";
import { expect, test } from "vitest";
import { keepAlone } from "../src/io/read-request.ts";

/** The first of so many requests that came in one frame, each with arguments of so many bytes. */
function firstOf(count: number, bytes: number) {
  const executions = Array.from({ length: count }, () => ({ arguments: { inline: Buffer.alloc(bytes, "x") } }));
  const frame = toBinary(ExecuteStreamRequestSchema, create(ExecuteStreamRequestSchema, { executions }));
  return fromBinary(ExecuteStreamRequestSchema, frame).executions[0]!;
}

test("a request that is kept does not keep the others of its frame", () => {
  const request = firstOf(100, 1_000);
  keepAlone(request);
  expect(request.arguments?.inline.buffer.byteLength).toBe(1_000);
  expect(Buffer.from(request.arguments?.inline ?? []).toString()).toBe("x".repeat(1_000));
});

test("arguments that are most of their frame are not copied", () => {
  const request = firstOf(1, 1_000);
  const { inline } = request.arguments!;
  keepAlone(request);
  expect(request.arguments?.inline).toBe(inline);
});
