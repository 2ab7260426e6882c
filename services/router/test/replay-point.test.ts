import { describe, expect, it } from "vitest";
import { ReplayPoint } from "../src/core/replay-point.ts";

/** Sends and writes one batch with these executions' first records; returns where it says to read from. */
function write(point: ReplayPoint, sequence: number, executions: readonly string[], bytes = 100): number {
  for (const id of executions) point.begin(id);
  const from = point.send();
  point.written(sequence, bytes);
  return from;
}

describe("who takes over reads from", () => {
  it("the batch itself when it is the first one that says anything", () => {
    expect(write(new ReplayPoint(), 7, ["a"])).toBe(0);
  });

  it("the first batch that says something about an execution that is still known", () => {
    const point = new ReplayPoint();
    write(point, 7, ["a"]);
    write(point, 9, ["b"]);
    expect(write(point, 12, [])).toBe(7);
  });

  it("later once the first ones are forgotten", () => {
    const point = new ReplayPoint();
    write(point, 7, ["a"]);
    write(point, 9, ["b"]);
    point.forget("a");
    expect(write(point, 12, [])).toBe(9);
  });

  it("the batch itself when nothing is known any more", () => {
    const point = new ReplayPoint();
    write(point, 7, ["a"]);
    point.forget("a");
    write(point, 9, []);
    expect(write(point, 12, [])).toBe(0);
  });

  it("the later batch when an execution is written again", () => {
    const point = new ReplayPoint();
    write(point, 7, ["a"]);
    write(point, 9, ["a"]);
    expect(write(point, 12, [])).toBe(9);
  });
});

describe("an execution is written again", () => {
  it("when more than so many bytes were written after its first record", () => {
    const point = new ReplayPoint();
    write(point, 7, ["a", "b"]);
    write(point, 9, ["c"], 60);
    expect(point.stragglers(60)).toEqual([]);
    write(point, 12, [], 1);
    expect(point.stragglers(60)).toEqual(["a", "b"]);
  });

  it("not while its first record is not written", () => {
    const point = new ReplayPoint();
    point.begin("a");
    expect(point.stragglers(0)).toEqual([]);
  });
});
