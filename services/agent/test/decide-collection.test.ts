import { expect, it } from "vitest";
import { decideCollection, type CollectionSnapshot } from "../src/core/decide-collection.ts";

const mebibyte = 1024 * 1024;
const now = 100_000;
const last = { atMs: now - 10_000, residentBytes: 70 * mebibyte };
const grown: CollectionSnapshot = { idleSinceMs: now - 2_000, residentBytes: 78 * mebibyte, last };

it.each<[string, CollectionSnapshot, string]>([
  ["collects what a start has left behind", { ...grown, last: undefined, residentBytes: 1 }, "collect"],
  ["collects what work has left behind", grown, "collect"],
  ["waits while something runs", { ...grown, idleSinceMs: 0, last: undefined }, "wait"],
  ["waits until nothing has run for two seconds", { ...grown, idleSinceMs: now - 1_999 }, "wait"],
  ["waits while there is hardly anything to collect", { ...grown, residentBytes: 78 * mebibyte - 1 }, "wait"],
  ["waits ten seconds from one to the next", { ...grown, last: { ...last, atMs: now - 9_999 } }, "wait"],
])("an agent %s", (_rule, snapshot, kind) => expect(decideCollection(snapshot, now).kind).toBe(kind));
