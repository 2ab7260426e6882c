import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDev, type Dev } from "./support/dev.ts";
import { languages } from "./support/programs.ts";

let dev: Dev;
beforeAll(async () => {
  dev = await startDev();
});
afterAll(() => dev[Symbol.asyncDispose]());

describe.each(languages)("hearth run of a $language program", ({ environment, file }) => {
  test("shows the run's name, its page and its result", async () => {
    const { code, stdout } = await dev.hearth("run", file, "echo", "--value", '{"rows":[1,2.5]}');
    expect(code).toBe(0);
    const name = /^run +(\S+)$/m.exec(stdout)![1]!;
    expect(stdout).toContain(`url         ${dev.addresses.url}/runs/${name}`);
    expect(stdout).toContain('result      {"rows":[1,2.5]}');
    expect(await dev.json("runs", "get", name)).toMatchObject({ name, environment, task: "echo" });
  });

  test("takes what is no JSON as text", async () => {
    const { stdout } = await dev.hearth("run", file, "echo", "--value", "two words");
    expect(stdout).toContain('result      "two words"');
  });

  test("with --json prints the run as one document", async () => {
    const { code, stdout } = await dev.hearth("run", "--json", file, "echo", "--value", "[1]");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ phase: "EXECUTION_PHASE_SUCCEEDED", result: [1] });
  });

  test("with --detach does not wait, and the run goes on until it is cancelled", async () => {
    const { code, stdout } = await dev.hearth("run", "--detach", "--json", file, "hang");
    expect(code).toBe(0);
    const { name } = JSON.parse(stdout) as { name: string };
    expect((await dev.hearth("runs", "cancel", name)).code).toBe(0);
    const watched = await dev.hearth("runs", "watch", name);
    expect(watched.code).toBe(1);
    expect(watched.stdout).toContain("phase       cancelled");
  });

  test("cancels the run on Ctrl-C, and says so", async () => {
    const running = dev.startHearth("run", file, "hang");
    await expect.poll(() => running.soFar.stderr, { timeout: 20_000 }).toContain("1 running");
    running.child.kill("SIGINT");
    const { code, stdout, stderr } = await running.finished;
    expect(code).toBe(1);
    expect(stderr).toMatch(/Asking run \S+ to end/);
    expect(stdout).toContain("phase       cancelled");
  });

  test("refuses a task that is not there, naming those that are", async () => {
    const { code, stderr } = await dev.hearth("run", file, "dance");
    expect(code).toBe(1);
    expect(stderr).toContain("whoami");
  });

  test("refuses an argument the task does not take, naming those it takes", async () => {
    const { code, stderr } = await dev.hearth("run", file, "echo", "--colour", "red");
    expect(code).toBe(1);
    expect(stderr).toMatch(/colour[^]*value/);
  });
});

test("a file that is not there is said with its path", async () => {
  const { code, stderr } = await dev.hearth("run", "nowhere.py", "echo");
  expect(code).toBe(1);
  expect(stderr).toMatch(/^FILE_NOT_RUNNABLE: There is no file .*nowhere\.py/);
});

test("an argument without a name is a usage error", async () => {
  const { code, stderr } = await dev.hearth("run", languages[0].file, "echo", "red");
  expect(code).toBe(2);
  expect(stderr).toContain('"red" stands where --name was expected');
});

test("a run can be started and read with nothing but HTTP and JSON", async () => {
  await dev.hearth("run", languages[1].file, "whoami");
  const post = async (method: string, body: unknown): Promise<unknown> => {
    const headers = { "content-type": "application/json" };
    const url = `${dev.addresses.url}/hearth.v1.RunService/${method}`;
    return (await fetch(url, { method: "POST", headers, body: JSON.stringify(body) })).json();
  };
  const inline = Buffer.from('{"args":["over HTTP"]}').toString("base64");
  const execution = { environment: "probe-ts", task: "echo", arguments: { inline } };
  const { run } = (await post("CreateRun", { execution })) as { run: { name: string } };
  const result = { inline: Buffer.from('"over HTTP"').toString("base64") };
  await expect
    .poll(() => post("GetRun", { name: run.name }), { timeout: 20_000 })
    .toMatchObject({ run: { phase: "EXECUTION_PHASE_SUCCEEDED", result } });
});
