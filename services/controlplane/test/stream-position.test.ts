import { expect, test } from "vitest";
import { decideStart, unread } from "../src/core/stream-position.ts";

const position = { sequence: 10, storedMs: 5_000 };
const stream = { createdMs: 1_000, lastSequence: 20, storedMs: 5_000 };

test.each([
  { what: "never read", at: unread, now: { ...stream, storedMs: undefined }, does: "goOn" },
  { what: "that has the record", at: position, now: stream, does: "goOn" },
  { what: "that was read to its end", at: position, now: { ...stream, lastSequence: 10 }, does: "goOn" },
  { what: "that was cut since", at: position, now: { ...stream, storedMs: undefined }, does: "goOn" },
  { what: "that ends before it", at: position, now: { ...stream, lastSequence: 9 }, does: "beginAnew" },
  { what: "that is empty and new", at: position, now: { ...stream, lastSequence: 0 }, does: "beginAnew" },
  { what: "that has another record there", at: position, now: { ...stream, storedMs: 5_001 }, does: "beginAnew" },
  {
    what: "that was made later and cut since",
    at: position,
    now: { createdMs: 5_001, lastSequence: 20, storedMs: undefined },
    does: "beginAnew",
  },
])("in a stream $what, who has read up to a position does: $does", ({ at, now, does }) => {
  expect(decideStart(at, now).kind).toBe(does);
});
