import { expect, test } from "vitest";
import { progressLine } from "../../src/simulate/progress-line.ts";

function screen(
  isTTY: boolean,
  columns: number,
): { isTTY: boolean; columns: number; written: string[]; write: () => boolean } {
  const written: string[] = [];
  const write = (text?: string): boolean => written.push(text ?? "") > 0;
  return { isTTY, columns, written, write };
}

const half = { share: 0.5, executions: 1_500, simulatedMs: 60_000 };

test("a terminal has one line that is replaced, at most five times a second, and taken away at the end", () => {
  let now = 0;
  const { written, ...stream } = screen(true, 200);
  const line = progressLine(stream, () => now);
  line.show([half]);
  expect(written).toEqual([]);
  for (now = 1_000; now < 2_000; now += 50) line.show([half, undefined]);
  expect(written).toHaveLength(5);
  expect(written[0]).toBe(
    "\r\u001b[2Ksimulating: 25 %, 1,500 executions, 1,500 executions/s (Ctrl-C: what there is so far)",
  );
  line.end();
  expect(written.at(-1)).toBe("\r\u001b[2K");
});

test("a line never wraps, and says the simulated time where nobody knows how much there is", () => {
  let now = 0;
  const { written, ...stream } = screen(true, 30);
  const line = progressLine(stream, () => now);
  now = 1_000;
  line.show([{ ...half, share: undefined }]);
  expect(written).toEqual(["\r\u001b[2Ksimulating: at 1 min 0 s, 1,5"]);
});

test("elsewhere a line is written every five seconds, without any control character", () => {
  let now = 0;
  const { written, ...stream } = screen(false, 80);
  const line = progressLine(stream, () => now);
  for (now = 0; now < 12_000; now += 100) line.show([half]);
  line.end();
  expect(written.length).toBe(2);
  expect(written.join("")).toMatch(/^(simulating: 50 %, .*\n){2}$/);
});
