import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findInstallation } from "../src/find-installation.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

function folderWithConfig(config: string): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, ".hearth"));
  writeFileSync(join(folder, ".hearth", "config.json"), config);
  return folder;
}

test("the nearest .hearth/config.json from the folder upwards says where the control plane is", () => {
  const folder = folderWithConfig('{"controlPlane":"127.0.0.1:7701"}');
  mkdirSync(join(folder, "a", "b"), { recursive: true });
  expect(findInstallation({}, join(folder, "a", "b"))).toEqual({ controlPlane: "127.0.0.1:7701" });
});

test("HEARTH_CONFIG goes before the folder, and HEARTH_CONTROL_PLANE before both", () => {
  const folder = folderWithConfig('{"controlPlane":"near:1"}');
  const file = join(folder, "other.json");
  writeFileSync(file, '{"controlPlane":"named:1"}');
  expect(findInstallation({ HEARTH_CONFIG: file }, folder)).toEqual({ controlPlane: "named:1" });
  const both = { HEARTH_CONFIG: file, HEARTH_CONTROL_PLANE: "given:1" };
  expect(findInstallation(both, folder)).toEqual({ controlPlane: "given:1" });
});

test("without any of them the message says what to start or to set", () => {
  expect(() => findInstallation({}, temporaryFolder())).toThrow(/hearth dev.*HEARTH_CONTROL_PLANE/);
});

test.each(["not JSON", "{}", "null"])("a configuration of %j is refused with its path", (text) => {
  const folder = folderWithConfig(text);
  expect(() => findInstallation({}, folder)).toThrow(join(folder, ".hearth", "config.json"));
});
