import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { identify } from "@hearth/process-identity";
import { claimStateFolder } from "../src/dev/state-folder.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

test("a folder is claimed once, and the refusal names the process that has it", () => {
  const folder = temporaryFolder();
  claimStateFolder(folder);
  expect(() => claimStateFolder(folder)).toThrow(`Process ${process.pid} already runs`);
});

test("a folder that was given back can be claimed again", () => {
  const folder = temporaryFolder();
  claimStateFolder(folder)[Symbol.dispose]();
  claimStateFolder(folder);
  expect(readFileSync(join(folder, "dev.pid"), "utf8")).toContain(String(process.pid));
});

test("the claim of a process that has gone counts for nothing, even when another got its id", () => {
  const folder = temporaryFolder();
  claimStateFolder(folder)[Symbol.dispose]();
  writeFileSync(join(folder, "dev.pid"), JSON.stringify({ ...identify(process.pid), birth: "another time" }));
  claimStateFolder(folder);
  expect(readFileSync(join(folder, "dev.pid"), "utf8")).toBe(JSON.stringify(identify(process.pid)));
});

test("a claim that was never written to the end counts for nothing", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "dev.pid"), "");
  claimStateFolder(folder);
  expect(readFileSync(join(folder, "dev.pid"), "utf8")).toBe(JSON.stringify(identify(process.pid)));
});

test("what is announced is in config.json until it is withdrawn", () => {
  const folder = temporaryFolder();
  using claim = claimStateFolder(folder);
  claim.announce({ url: "http://127.0.0.1:7700" });
  expect(JSON.parse(readFileSync(join(folder, "config.json"), "utf8"))).toEqual({ url: "http://127.0.0.1:7700" });
  claim.withdraw();
  expect(existsSync(join(folder, "config.json"))).toBe(false);
});
