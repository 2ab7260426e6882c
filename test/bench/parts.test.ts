import { expect, test } from "vitest";
import { latency } from "./src/parts/latency.ts";
import { placement } from "./src/parts/placement.ts";
import type { Bench } from "./src/part.ts";
import { toTable } from "./src/report.ts";

/** Hardly anything: whether it runs, not how fast. */
const bench: Bench = {
  effort: { rounds: 1, warmUpMs: 20, measureMs: 50, smaller: 1_000 },
  peers: [],
  say: () => undefined,
};

test("latency is measured beside its floors, and what needs peers says so", async () => {
  const { rows } = await latency.run(bench);
  const measured = rows.filter(({ verdict }) => verdict !== "not measured");
  expect(measured.length).toBe(rows.length - 2);
  for (const { what, measured: figure } of measured) expect(figure, what).toMatch(/^\d+\.\d+ (ms|x)$/);
});

test("placement and the memory of a backlog are measured", async () => {
  const { rows } = await placement.run(bench);
  expect(toTable(rows)).toContain("an execution in the backlog of a router");
  for (const { what, measured } of rows) expect(measured, what).toMatch(/\d (µs|x|B)$/);
});
