import { create } from "@bufbuild/protobuf";
import {
  decodeMessage,
  encodeMessage,
  ExecutionRequestSchema,
  JournalRecordSchema,
  type JournalRecord,
} from "@hearth/proto";
import { describe, expect, it } from "vitest";
import type { Execution } from "../src/core/execution.ts";
import { toEntries } from "../src/io/journal-entries.ts";
import { acceptedRecord, carriedRecord } from "../src/io/journal-records.ts";
import { newExecution } from "../src/io/new-execution.ts";

const executionId = "01k9zx8jgfacfa36rbxdheqn6e";
const caller = "01k9zx8jgfacfa36rbxdheqn6d";

/** The execution that somebody reads who has only the bytes. */
function readFrom(record: JournalRecord): Execution {
  const read = decodeMessage(JournalRecordSchema, encodeMessage(JournalRecordSchema, record));
  const [entry] = toEntries(read, () => false);
  if (entry?.kind !== "accepted" && entry?.kind !== "carried") throw new Error("It tells of no execution.");
  return entry.execution;
}

describe.each<[string, { readonly asked: string; readonly read: string }]>([
  ["root", { asked: "", read: executionId }],
  ["call", { asked: caller, read: caller }],
])("a %s", (_, { asked, read }) => {
  const request = create(ExecutionRequestSchema, { executionId, runId: asked, environment: "images", task: "resize" });

  it.each<[string, JournalRecord]>([
    ["accepted", acceptedRecord(request, "images", 1)],
    ["carried over", carriedRecord(newExecution(request, "images", 1), "", 1)],
  ])("is read with its run when it was %s", (_case, record) => expect(readFrom(record).runId).toBe(read));
});

it("a root's id is said once in the record of its acceptance", () => {
  const request = create(ExecutionRequestSchema, { executionId, environment: "images", task: "resize" });
  const bytes = encodeMessage(JournalRecordSchema, acceptedRecord(request, "images", 1));
  expect(Buffer.from(bytes).toString("latin1").split(executionId)).toHaveLength(2);
});
