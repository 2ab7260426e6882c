import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ExecuteStreamRequestSchema, ExecutionRequestSchema } from "@hearth/proto";
import { expect, test } from "vitest";
import { KeptBytes } from "../src/io/kept-bytes.ts";
import { keepAlone, settleIds } from "../src/io/read-request.ts";

/** The first of so many requests that came in one frame, each with arguments of so many bytes. */
function firstOf(count: number, bytes: number) {
  const executions = Array.from({ length: count }, () => ({ arguments: { inline: Buffer.alloc(bytes, "x") } }));
  const frame = toBinary(ExecuteStreamRequestSchema, create(ExecuteStreamRequestSchema, { executions }));
  return fromBinary(ExecuteStreamRequestSchema, frame).executions[0]!;
}

test("a request that is kept does not keep the others of its frame", () => {
  const request = firstOf(100, 2_000);
  keepAlone(request, new KeptBytes());
  expect(request.arguments?.inline.buffer.byteLength).toBe(2_000);
  expect(Buffer.from(request.arguments?.inline ?? []).toString()).toBe("x".repeat(2_000));
});

test("small arguments that are kept share little memory with each other", () => {
  const kept = new KeptBytes();
  const inlines = Array.from({ length: 100 }, (_, index) => {
    const request = firstOf(100, 10 + index);
    keepAlone(request, kept);
    return request.arguments!.inline;
  });
  expect(inlines.map((inline) => Buffer.from(inline).toString())).toEqual(
    inlines.map((_, index) => "x".repeat(10 + index)),
  );
  const pieces = new Set(inlines.map(({ buffer }) => buffer));
  expect(pieces.size).toBeGreaterThan(1);
  for (const { byteLength } of pieces) expect(byteLength).toBeLessThanOrEqual(4_096);
});

test("arguments that are most of their frame are not copied", () => {
  const request = firstOf(1, 1_000);
  const { inline } = request.arguments!;
  keepAlone(request, new KeptBytes());
  expect(request.arguments?.inline).toBe(inline);
});

test.each([
  ["that names its own id as its run names none", "01k9zx8jgfacfa36rbxdheqn6e", ""],
  ["that names another run keeps it", "01k9zx8jgfacfa36rbxdheqn6d", "01k9zx8jgfacfa36rbxdheqn6d"],
])("a request %s", (_, asked, settled) => {
  const executionId = "01k9zx8jgfacfa36rbxdheqn6e";
  const request = create(ExecutionRequestSchema, { executionId, runId: asked });
  settleIds(request, 0);
  expect(request).toMatchObject({ executionId, runId: settled });
});
