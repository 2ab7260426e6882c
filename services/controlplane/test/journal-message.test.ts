import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { newId } from "@hearth/ids";
import { JournalRecordSchema } from "@hearth/proto";
import { expect, it } from "vitest";
import { recordsFromMessage } from "../src/io/wire/journal-message.ts";

const executionId = newId(1);
type Accepted = Extract<
  NonNullable<MessageInitShape<typeof JournalRecordSchema>["event"]>,
  { case: "accepted" }
>["value"];

function acceptedWith(value: Accepted) {
  return recordsFromMessage(create(JournalRecordSchema, { unixMs: 7, event: { case: "accepted", value } }));
}

it("an acceptance that says the dispatch too is both", () => {
  const dispatched = { attempt: 1, replicaId: "r1", version: "v1", cold: true };
  expect(acceptedWith({ execution: { executionId, environment: "e", task: "t" }, dispatched })).toMatchObject([
    { kind: "accepted", executionId, atMs: 7 },
    { kind: "dispatched", executionId, atMs: 7, number: 1, replicaId: "r1", version: "v1", cold: true },
  ]);
});

it("an acceptance without one is no dispatch", () => {
  expect(acceptedWith({ execution: { executionId } })).toMatchObject([{ kind: "accepted" }]);
});

it("what is neither is nothing: a dispatch of no execution, and an attempt that is none", () => {
  expect(acceptedWith({ dispatched: { attempt: 1 } })).toEqual([]);
  expect(acceptedWith({ execution: { executionId }, dispatched: { attempt: 0 } })).toHaveLength(1);
});
