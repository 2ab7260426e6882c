import { describe, expect, it } from "vitest";
import { ReplayPoint, type Mark } from "../src/core/replay-point.ts";

/** Sends and writes one batch with the first records of so many executions; returns their mark, and where it says to read from. */
function write(point: ReplayPoint, sequence: number, executions: number, bytes = 100): { mark: Mark; from: number } {
  let mark = point.begin();
  for (let more = 1; more < executions; more++) mark = point.begin();
  if (executions === 0) point.forget(mark);
  const from = point.send();
  point.written(sequence, bytes);
  return { mark, from };
}

describe("who takes over reads from", () => {
  it("the batch itself when it is the first one that says anything", () => {
    expect(write(new ReplayPoint(), 7, 1).from).toBe(0);
  });

  it("the first batch that says something about an execution that is still known", () => {
    const point = new ReplayPoint();
    write(point, 7, 1);
    write(point, 9, 1);
    expect(write(point, 12, 0).from).toBe(7);
  });

  it("later once the first ones are forgotten", () => {
    const point = new ReplayPoint();
    const { mark } = write(point, 7, 1);
    write(point, 9, 1);
    point.forget(mark);
    expect(write(point, 12, 0).from).toBe(9);
  });

  it("the batch itself when nothing is known any more", () => {
    const point = new ReplayPoint();
    const { mark } = write(point, 7, 1);
    point.forget(mark);
    write(point, 9, 0);
    expect(write(point, 12, 0).from).toBe(0);
  });

  it("the later batch when an execution is written again", () => {
    const point = new ReplayPoint();
    const { mark } = write(point, 7, 1);
    point.forget(mark);
    write(point, 9, 1);
    expect(write(point, 12, 0).from).toBe(9);
  });
});

describe("an execution is written again", () => {
  it("when more than so many bytes were written after its first record", () => {
    const point = new ReplayPoint();
    const { mark } = write(point, 7, 2);
    write(point, 9, 1, 60);
    expect(point.straggler(60)).toBe(undefined);
    write(point, 12, 0, 1);
    expect(point.straggler(60)).toBe(mark);
  });

  it("not while its first record is not written", () => {
    const point = new ReplayPoint();
    point.begin();
    expect(point.straggler(0)).toBe(undefined);
  });
});
