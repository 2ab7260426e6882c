import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { launch, type LaunchOptions } from "../src/run/launch.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

const options: LaunchOptions = {
  ...{ priority: -5, affinityKey: "user-7", freshReplica: true, retries: 3, timeoutMs: 1_500, queueTimeoutMs: 60_000 },
  ...{ deadline: new Date(0), idempotencyKey: "k" },
};

/** A program file beside an SDK and below a Python that answer with what they were asked as the run's name. */
function writeProgram(name: string): string {
  const folder = temporaryFolder();
  const sdk = join(folder, "node_modules", "@hearth", "sdk");
  mkdirSync(sdk, { recursive: true });
  writeFileSync(join(sdk, "package.json"), `{"type":"module","exports":{"./program":"./program.js"}}`);
  writeFileSync(
    join(sdk, "program.js"),
    `export const launch = (...asked) => Promise.resolve({ name: JSON.stringify(asked.slice(1)), url: "" });`,
  );
  const python = join(folder, "python");
  writeFileSync(python, `#!/bin/sh\nprintf '{"name":"%s","url":""}' "$*"\n`);
  chmodSync(python, 0o755);
  vi.stubEnv("HEARTH_PYTHON", python);
  writeFileSync(join(folder, name), "");
  return join(folder, name);
}

test("a Python program is asked with the run's options before the file, and the task's arguments after it", async () => {
  const file = writeProgram("greet.py");
  const asked = (await launch(file, "main", { n: "1" }, options)).name;
  const limits = "--retries=3 --timeout=1.5 --queue-timeout=60 --deadline=1970-01-01T00:00:00.000+00:00";
  const flags = `--priority=-5 --affinity-key=user-7 --fresh-replica ${limits} --idempotency-key=k`;
  expect(asked).toBe(`-m hearth.launch --detach --json ${flags} ${file} main --n 1`);
  expect((await launch(file, "main", {}, {})).name).toBe(`-m hearth.launch --detach --json ${file} main`);
});

test("a TypeScript program is asked with the run's options as an override of the task", async () => {
  const file = writeProgram("greet.ts");
  const limits = { retries: 3, timeout: 1.5, queueTimeout: 60, deadline: "1970-01-01T00:00:00.000Z" };
  const override = { priority: -5, affinityKey: "user-7", reusable: "off", ...limits, idempotencyKey: "k" };
  expect(JSON.parse((await launch(file, "main", { n: "1" }, options)).name)).toEqual(["main", { n: "1" }, override]);
  expect(JSON.parse((await launch(file, "main", {}, {})).name)).toEqual(["main", {}, {}]);
});
