import { afterAll, beforeAll, expect, test } from "vitest";
import { startRouterTwin } from "./support/router-twin.ts";
import { bundle, bundleSha256, deploy, startSystem, type System } from "./support/system.ts";

let system: System;

beforeAll(async () => {
  system = await startSystem();
  await system.bundles().uploadBundle({ sha256: bundleSha256, data: bundle });
  await deploy(system, {});
});

afterAll(() => system.stop());

const execution = { environment: "env-1", task: "task" };

test("a run waits for a router to announce itself", async () => {
  const creating = system.runs().createRun({ execution });
  const router = await startRouterTwin(system.bus);
  expect((await creating).run).toMatchObject({ environment: "env-1" });
  await router.stop();
});

test("a run that no router takes is refused as NO_ROUTER", async () => {
  await expect(system.runs().createRun({ execution })).rejects.toMatchObject({ reason: "NO_ROUTER" });
});
