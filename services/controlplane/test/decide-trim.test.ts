import { expect, it } from "vitest";
import { decideTrim, type JournalState } from "../src/core/decide-trim.ts";

/** A journal of a hundred messages and a thousand bytes. */
const journal: JournalState = {
  bytes: 1_000,
  firstSequence: 101,
  lastSequence: 200,
  projectedSequence: 200,
  neededSequence: undefined,
};

it.each<[string, Partial<JournalState>, number, number | undefined]>([
  ["nothing is cut while it is small", {}, 1_000, undefined],
  ["about as much is left as is to be kept", {}, 400, 161],
  ["what the history does not have is not cut", { projectedSequence: 130 }, 400, 131],
  ["what a takeover needs is not cut", { neededSequence: 120 }, 400, 120],
  ["nothing is cut when its first message is needed", { neededSequence: 101 }, 400, undefined],
  ["nothing is cut when the history has none of it", { projectedSequence: 90 }, 400, undefined],
])("%s", (_rule, change, keptBytes, before) => {
  expect(decideTrim({ ...journal, ...change }, keptBytes)).toBe(before);
});
