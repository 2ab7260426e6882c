import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findInstallation } from "../src/client/installation.ts";

let folder: string;
let inner: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hearth-installation-"));
  inner = join(folder, "project", "inner");
  await mkdir(inner, { recursive: true });
  await mkdir(join(folder, "project", ".hearth"));
  await writeFile(
    join(folder, "project", ".hearth", "config.json"),
    JSON.stringify({ url: "http://a/", controlPlane: "a:1", router: "a:2" }),
  );
  await writeFile(join(folder, "other.json"), JSON.stringify({ controlPlane: "b:1" }));
  await writeFile(join(folder, "several.json"), JSON.stringify({ controlPlane: "b:1", router: ["b:2", "b:3"] }));
  await writeFile(join(folder, "empty.json"), "{}");
});
afterAll(() => rm(folder, { recursive: true }));

describe("the installation", () => {
  test("is the nearest .hearth/config.json upwards", () => {
    expect(findInstallation({}, inner)).toEqual({ controlPlane: "a:1", router: "a:2" });
  });

  test("is that of the file HEARTH_CONFIG before one found upwards", () => {
    expect(findInstallation({ HEARTH_CONFIG: join(folder, "other.json") }, inner)).toEqual({ controlPlane: "b:1" });
  });

  test("is HEARTH_CONTROL_PLANE before any file", () => {
    const variables = { HEARTH_CONTROL_PLANE: "c:1", HEARTH_CONFIG: join(folder, "other.json") };
    expect(findInstallation(variables, inner)).toEqual({ controlPlane: "c:1" });
  });

  test("has the routers of HEARTH_ROUTER, which commas separate, before those of a file", () => {
    const router = ["r:1", "r:2"];
    expect(findInstallation({ HEARTH_ROUTER: "r:1, r:2" }, inner)).toEqual({ controlPlane: "a:1", router });
    const variables = { HEARTH_CONTROL_PLANE: "c:1", HEARTH_ROUTER: "r:1,r:2" };
    expect(findInstallation(variables, inner)).toEqual({ controlPlane: "c:1", router });
  });

  test("may have several routers in its file", () => {
    const router = ["b:2", "b:3"];
    const variables = { HEARTH_CONFIG: join(folder, "several.json") };
    expect(findInstallation(variables, inner)).toEqual({ controlPlane: "b:1", router });
  });

  test("that is nowhere is refused with what to start", () => {
    expect(() => findInstallation({}, folder)).toThrow(/hearth dev/);
  });

  test("whose file does not say where the control plane is is refused with what it needs", () => {
    expect(() => findInstallation({ HEARTH_CONFIG: "empty.json" }, folder)).toThrow(/empty\.json .*"controlPlane"/);
  });
});
