import { connect, ReusePolicy, TaskEnvironment } from "@hearth/sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDev, type Dev } from "./support/dev.ts";
import { deploy, languages } from "./support/programs.ts";

/** The tasks as a client declares them that is another program. */
function declare(environment: string) {
  const declared = new TaskEnvironment({ name: environment, reusable: new ReusePolicy({}) });
  return {
    echo: declared.task("echo", (text: string) => text),
    ask: declared.task("ask", (_environment: string, _task: string, asked: string) => ({ asked, by: "" })),
  };
}
const [probePy, probeTs] = [declare("probe-py"), declare("probe-ts")];

let dev: Dev;
beforeAll(async () => {
  dev = await startDev();
  for (const { file } of languages) await deploy(dev, file);
});
afterAll(() => dev[Symbol.asyncDispose]());

test.each(languages)(
  "a client sends $language tasks more than a message holds, and hears as much",
  async ({ environment }) => {
    const { echo } = environment === "probe-py" ? probePy : probeTs;
    using client = connect({ router: dev.addresses.router });
    const large = "x".repeat(10_000_000);
    const [small, returned] = await Promise.all([client.execute(echo, "small"), client.execute(echo, large)]);
    expect([small, returned.length]).toEqual(["small", large.length]);
  },
);

test("tasks of both languages call each other with more than a message holds", async () => {
  using client = connect({ router: dev.addresses.router });
  const { asked, by } = await client.execute(probePy.ask, "probe-ts", "echo", "x".repeat(10_000_000));
  expect([asked.length, by]).toEqual([10_000_000, "python"]);
});

test("more than the bound is refused where it is sent, with the bound", async () => {
  using client = connect({ router: dev.addresses.router });
  await expect(client.execute(probePy.echo, "x".repeat(64 * 1024 * 1024))).rejects.toMatchObject({
    reason: "PAYLOAD_TOO_LARGE",
    message: expect.stringContaining(`at most ${64 * 1024 * 1024}`) as string,
  });
});
