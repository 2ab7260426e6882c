import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDev, type Dev } from "./support/dev.ts";
import { execute } from "./support/execute.ts";
import { deploy, languages } from "./support/programs.ts";

let dev: Dev;
beforeAll(async () => {
  dev = await startDev();
  for (const { file } of languages) await deploy(dev, file);
});
afterAll(() => dev[Symbol.asyncDispose]());

/** What `hearth logs` prints for an execution that is a run of its own, each line with the execution it stands under. */
async function logLines(run: string): Promise<readonly { executionId: string; stream: string; text: string }[]> {
  const { stdout } = await dev.hearth("logs", run, "--json");
  const lines = stdout.split("\n").filter((line) => line !== "");
  return lines
    .map((line) => JSON.parse(line) as { executionId: string; stream: string; text: string })
    .map(({ executionId, stream, text }) => ({ executionId, stream, text }));
}

describe.each(languages)("$language", ({ environment }) => {
  test("what executions print side by side in one process stands under each of them", async () => {
    const texts = ["red", "green"];
    const ended = await Promise.all(texts.map((text) => execute(dev, environment, "say", [text])));
    for (const [index, { id }] of ended.entries()) {
      await expect
        .poll(() => logLines(id), { timeout: 15_000 })
        .toEqual([
          { executionId: id, stream: "stdout", text: `${texts[index]!} one` },
          { executionId: id, stream: "stderr", text: `${texts[index]!} two` },
        ]);
    }
  });
});

test("lines go to the stream the task wrote to, behind the id of their execution", async () => {
  const { id } = await execute(dev, "probe-ts", "say", ["blue"]);
  await expect.poll(() => logLines(id), { timeout: 15_000 }).toHaveLength(2);
  expect(await dev.hearth("logs", id)).toEqual({ code: 0, stdout: `${id} blue one\n`, stderr: `${id} blue two\n` });
});
