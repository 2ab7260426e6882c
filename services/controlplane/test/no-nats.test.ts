import { expect, test } from "vitest";
import { bundle, bundleSha256, deploy, startSystem } from "./support/system.ts";

test("what needs NATS is refused by name while it is away", { timeout: 60_000 }, async () => {
  const system = await startSystem();
  await system.bundles().uploadBundle({ sha256: bundleSha256, data: bundle });
  await system.nats.stop();
  await expect(system.bundles().uploadBundle({ sha256: bundleSha256, data: bundle })).rejects.toMatchObject({
    reason: "NATS_UNAVAILABLE",
  });
  await expect(deploy(system, {})).rejects.toMatchObject({ reason: "NATS_UNAVAILABLE" });
  expect(await system.environments().listEnvironments({})).toMatchObject({ environments: [] });
  await system.stop().catch(() => undefined);
});
