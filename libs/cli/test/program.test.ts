import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Command } from "commander";
import { expect, test } from "vitest";
import { createProgram } from "../src/program.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const main = join(import.meta.dirname, "..", "src", "main.ts");

function hearth(...args: readonly string[]): {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const variables = { PATH: process.env["PATH"] ?? "", HEARTH_NATS_SERVER: "/nowhere/nats-server" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: temporaryFolder(),
    env: variables,
    encoding: "utf8",
  });
  return { code: status, stdout, stderr };
}

/** The commands that do something, by their whole names. */
function leaves(command: Command, path: readonly string[] = []): readonly (readonly [string, Command])[] {
  if (command.commands.length === 0) return [[path.join(" "), command]];
  return command.commands.flatMap((child) => leaves(child, [...path, child.name()]));
}

test.each(leaves(createProgram({ quietUsage: true })))("%s explains itself and can print JSON", (_name, command) => {
  expect(command.description()).not.toBe("");
  expect(command.options.map((option) => option.long)).toContain("--json");
});

test("help is no failure", () => {
  const { code, stdout } = hearth("env", "policy", "set", "--help");
  expect(code).toBe(0);
  expect(stdout).toContain("Usage: hearth env policy set");
});

test("a command that does not exist exits 2", () => {
  expect(hearth("runz")).toMatchObject({ code: 2, stdout: "" });
});

test("an option out of its bounds exits 2 and says the bounds", () => {
  const { code, stderr } = hearth("env", "policy", "set", "greet", "--concurrency", "0");
  expect(code).toBe(2);
  expect(stderr).toContain("from 1 to 10000");
});

test.each([
  ["env policy set", "--recycle-above-memory", "800Mi, or off (a new environment's: off)"],
  ["env policy set", "--buffer-replicas", "0 to 10000 (a new environment's: 0)"],
  ["env warm", "--timeout", "(default: 120s)"],
  ["run", "--priority", "-10 to 10 (default: 0)"],
])("the help of %s says of %s its units, bounds and default", (name, option, said) => {
  const command = leaves(createProgram({ quietUsage: true })).find(([path]) => path === name)?.[1];
  expect(command?.options.find(({ long }) => long === option)?.description).toContain(said);
});

test.each([
  ["--priority", "11", "from -10 to 10"],
  ["--affinity-key", "", "1 to 200 characters"],
  ["--idempotency-key", "", "1 to 200 characters"],
  ["--retries", "-1", "from 0 to 1000"],
  ["--timeout", "31d", "at most 30d"],
  ["--queue-timeout", "5", "with its unit"],
  ["--deadline", "2030-01-01T00:00:00", "a time with its zone"],
])("a run with %s %j exits 2 and says the bounds", (option, value, said) => {
  const { code, stderr } = hearth("run", option, value, "greet.py", "main");
  expect(code).toBe(2);
  expect(stderr).toContain(said);
});

test("a policy without any change exits 2", () => {
  expect(hearth("env", "policy", "set", "greet")).toMatchObject({ code: 2 });
});

test("without an installation a command exits 1 and says what to start or to set", () => {
  const { code, stderr } = hearth("env", "list");
  expect(code).toBe(1);
  expect(stderr).toMatch(/^INSTALLATION_NOT_FOUND: .*hearth dev.*HEARTH_CONTROL_PLANE/);
});

test("with --json a failure is one JSON document on stderr", () => {
  const { code, stdout, stderr } = hearth("env", "list", "--json");
  expect(code).toBe(1);
  expect(stdout).toBe("");
  expect(JSON.parse(stderr)).toMatchObject({ error: { reason: "INSTALLATION_NOT_FOUND" } });
});

test("a nats-server that is not there is said with its path, and dev exits 1", () => {
  const { code, stderr } = hearth("dev", "--state-dir", "state");
  expect(code).toBe(1);
  expect(stderr).toMatch(/^NATS_SERVER_MISSING: HEARTH_NATS_SERVER is \/nowhere\/nats-server/);
});
