import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { arrivalsOf, readTrace, sortedUpTo } from "../../src/workload/trace.ts";

function lines(...texts: readonly string[]): ReturnType<typeof arrivalsOf> {
  return arrivalsOf(texts);
}

function file(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "hearth-trace-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "trace.csv"), text);
  return join(folder, "trace.csv");
}

test("columns may stand in any order, and what is optional may be missing or empty", () => {
  expect([
    ...lines(
      "duration_ms,priority,arrival_ms,run,affinity_key",
      "5,2,0,nightly,customer-1",
      "2.5,,10,,",
      '7,-1,20,"a, ""b""",k',
    ),
  ]).toEqual([
    { atMs: 0, durationMs: 5, priority: 2, run: "nightly", affinityKey: "customer-1" },
    { atMs: 10, durationMs: 2.5, priority: 0, run: undefined, affinityKey: undefined },
    { atMs: 20, durationMs: 7, priority: -1, run: 'a, "b"', affinityKey: "k" },
  ]);
  expect([...lines("arrival_ms,duration_ms", "1,1")]).toMatchObject([{ priority: 0, run: undefined }]);
});

test("the earliest arrival is at 0, whatever moment times are counted from", () => {
  expect([...lines("arrival_ms,duration_ms", "1700000000500,1", "1700000000000,2")]).toMatchObject([
    { atMs: 0, durationMs: 2 },
    { atMs: 500, durationMs: 1 },
  ]);
});

test("a file is read with either line end, with a last line that has none, and as often as asked", () => {
  const trace = readTrace(file("arrival_ms,duration_ms,run\r\n0,1,ä\r\n\r\n5,2,ö"));
  const expected = [
    { atMs: 0, durationMs: 1, run: "ä" },
    { atMs: 5, durationMs: 2, run: "ö" },
  ];
  expect([...trace]).toMatchObject(expected);
  expect([...trace]).toMatchObject(expected);
});

test("a file is read across the pieces it comes in", () => {
  const rows = Array.from({ length: 20_000 }, (_, index) => `${index * 10},${index},run-${"é".repeat(index % 7)}`);
  const arrivals = [...readTrace(file(`arrival_ms,duration_ms,run\n${rows.join("\n")}\n`))];
  expect(arrivals.map(({ atMs, durationMs, run }) => `${atMs},${durationMs},${run ?? ""}`)).toEqual(rows);
});

test("a trace that is short enough is sorted, a longer one is refused at the first row that goes back", () => {
  const falling = (count: number): string[] => Array.from({ length: count }, (_, index) => `${count - index},1`);
  expect([...lines("arrival_ms,duration_ms", ...falling(sortedUpTo))]).toHaveLength(sortedUpTo);
  expect(() => [...lines("arrival_ms,duration_ms", ...falling(sortedUpTo + 1))]).toThrow(
    "Line 3: arrival_ms is 100000, earlier than 100001 before it. A trace of more than 100,000 rows must be sorted by arrival_ms.",
  );
  const rising = Array.from({ length: sortedUpTo + 10 }, (_, index) => `${index},1`);
  expect(() => [...lines("arrival_ms,duration_ms", ...rising, "5,1")]).toThrow(/^Line 100012: arrival_ms is 5,/);
});

test.each([
  [["arrival,duration_ms"], 'Line 1: the column "arrival" is unknown'],
  [["arrival_ms"], 'Line 1: the column "duration_ms" is missing.'],
  [["arrival_ms,duration_ms,arrival_ms"], 'Line 1: the column "arrival_ms" is there twice.'],
  [[], "Line 1: there is no header; it must name arrival_ms and duration_ms."],
  [["arrival_ms,duration_ms", "0,1", "1"], "Line 3: it has 1 fields, the header 2."],
  [["arrival_ms,duration_ms", "0,1", "", "soon,1"], 'Line 4: arrival_ms is "soon", which is no number.'],
  [["arrival_ms,duration_ms", "0,"], 'Line 2: duration_ms is "", which is no number.'],
  [["arrival_ms,duration_ms", "0,-1"], 'Line 2: duration_ms is "-1", below 0.'],
  [["arrival_ms,duration_ms,priority", "0,1,11"], 'Line 2: priority is "11"; give a whole number from -10 to 10.'],
  [["arrival_ms,duration_ms,run", '0,1,"a" b'], "Line 2: a quotation mark is out of place."],
])("what cannot be read is refused with its line: %j", (texts, message) => {
  expect(() => [...lines(...texts)]).toThrow(message);
});

test("a file that is no text of lines is refused before it is read whole", () => {
  expect(() => [...readTrace(file("x".repeat(1_000_000)))]).toThrow("Line 1: it is longer than 10000 characters.");
});
