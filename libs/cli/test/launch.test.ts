import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { launch, type LaunchOptions } from "../src/run/launch.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

const options: LaunchOptions = { priority: -5, affinityKey: "user-7", freshReplica: true };

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
  const flags = "--priority=-5 --affinity-key=user-7 --fresh-replica";
  expect(asked).toBe(`-m hearth.launch --detach --json ${flags} ${file} main --n 1`);
  expect((await launch(file, "main", {}, {})).name).toBe(`-m hearth.launch --detach --json ${file} main`);
});

test("a TypeScript program is asked with the run's options as an override of the task", async () => {
  const file = writeProgram("greet.ts");
  const override = { priority: -5, affinityKey: "user-7", reusable: "off" };
  expect(JSON.parse((await launch(file, "main", { n: "1" }, options)).name)).toEqual(["main", { n: "1" }, override]);
  expect(JSON.parse((await launch(file, "main", {}, {})).name)).toEqual(["main", {}, {}]);
});
