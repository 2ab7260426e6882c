import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { servicePid, startDev, type Dev } from "./support/dev.ts";
import { programFile } from "./support/programs.ts";

const leaves = 40;
const longTest = { timeout: 120_000 };

test.each(["tree.py", "tree.ts"])(
  "every call of %s runs once and its result is right while both routers are killed in turn",
  longTest,
  async (program) => {
    await using dev = await startDev({ args: ["--routers", "2"] });
    const notes = join(dev.stateDir, "notes");
    writeFileSync(notes, "");
    const ran = (): readonly string[] => readFileSync(notes, "utf8").trim().split("\n");
    const run = dev.startHearth("run", programFile(program), "trunk", "--notes", notes);
    for (const [after, router] of [
      [5, "router"],
      [15, "router-2"],
      [25, "router"],
    ] as const) {
      await expect.poll(() => ran().length, { timeout: 60_000 }).toBeGreaterThanOrEqual(after);
      process.kill(servicePid(dev, router), "SIGKILL");
    }
    const { code, stdout, stderr } = await run.finished;
    expect({ code, stdout, stderr }).toMatchObject({ code: 0, stdout: expect.stringContaining("780") as string });
    const numbers = ran().map(Number);
    expect(new Set(numbers).size).toBe(leaves);
    // Between an attempt's dispatch and its record there is an instant in which a killed router leaves one nobody knows.
    expect(numbers.length - leaves).toBeLessThanOrEqual(3);
    await expectHistory(dev);
  },
);

/** The history has every execution, ended and with its result. */
async function expectHistory(dev: Dev): Promise<void> {
  const runs = (await dev.json("runs", "list")) as readonly { readonly name: string }[];
  const run = runs[0]?.name ?? "";
  const outcomes = async (): Promise<unknown> => {
    const executions = (await dev.json("executions", run)) as readonly { readonly phase: string }[];
    return [executions.length, new Set(executions.map(({ phase }) => phase))];
  };
  await expect
    .poll(outcomes, { timeout: 30_000, interval: 500 })
    .toEqual([leaves + 5, new Set(["EXECUTION_PHASE_SUCCEEDED"])]);
}
