import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle, bundleSha256, deploy, startSystem, type System } from "./support/system.ts";

let system: System;

beforeAll(async () => {
  system = await startSystem();
  await system.bundles().uploadBundle({ sha256: bundleSha256, data: bundle });
});

afterAll(() => system.stop());

describe("a bundle", () => {
  test("is there once it was uploaded, and may be uploaded again", async () => {
    await system.bundles().uploadBundle({ sha256: bundleSha256, data: bundle });
    expect(await system.bundles().hasBundle({ sha256: bundleSha256 })).toMatchObject({ found: true });
    expect(await system.bundles().hasBundle({ sha256: "b".repeat(64) })).toMatchObject({ found: false });
  });

  test("that does not have the hash it was sent under is not kept", async () => {
    const sha256 = createHash("sha256").update("other").digest("hex");
    const upload = system.bundles().uploadBundle({ sha256, data: bundle });
    await expect(upload).rejects.toMatchObject({ reason: "BUNDLE_HASH_MISMATCH" });
    expect(await system.bundles().hasBundle({ sha256 })).toMatchObject({ found: false });
  });

  test("over 32 MiB is refused, and one of exactly that is taken", async () => {
    const data = Buffer.alloc(32 * 1024 * 1024 + 1);
    const upload = system.bundles().uploadBundle({ sha256: bundleSha256, data });
    await expect(upload).rejects.toMatchObject({ reason: "BUNDLE_TOO_LARGE" });
    const largest = data.subarray(1);
    const sha256 = createHash("sha256").update(largest).digest("hex");
    await system.bundles().uploadBundle({ sha256, data: largest });
  });
});

describe("a deployment", () => {
  test("makes the version current with every default filled in, and tells routers and agents", async () => {
    const { environment } = await deploy(system, { name: "fresh" }, { maxReplicas: 5 });
    expect(environment).toMatchObject({ name: "fresh", policy: { minReplicas: 5, maxReplicas: 5, concurrency: 1 } });
    expect(environment.version?.id).toMatch(/^[0-9a-f]{16}$/);
    expect(await system.environments().getEnvironment({ name: "fresh" })).toMatchObject({ environment });
    expect(await system.catalogue("fresh")).toMatchObject({ environment });
  });

  test("of the same spec again changes nothing", async () => {
    const first = await deploy(system, { name: "same" });
    expect((await deploy(system, { name: "same" })).environment).toEqual(first.environment);
  });

  test("without a policy keeps the one in force", async () => {
    await deploy(system, { name: "kept" }, { concurrency: 7 });
    const { environment } = await deploy(system, { name: "kept", tasks: [{ name: "other", entrypoint: "m:o" }] });
    expect(environment.policy?.concurrency).toBe(7);
  });

  test("keeps what its tasks declare about retries and timeouts, which make another version", async () => {
    const plain = await deploy(system, { name: "limited", tasks: [{ name: "f", entrypoint: "m:f" }] });
    const retryPolicy = { retries: 3, initialBackoffMs: 50, retryOn: ["ConnectionError"] };
    const timeouts = { attemptTimeout: { seconds: 2n }, queueTimeout: { seconds: 60n, nanos: 500_000_000 } };
    const tasks = [{ name: "f", entrypoint: "m:f", retryPolicy, ...timeouts }];
    const limited = await deploy(system, { name: "limited", tasks });
    expect(limited.environment.version?.id).not.toBe(plain.environment.version?.id);
    const { environment } = await system.environments().getEnvironment({ name: "limited" });
    expect(environment?.version?.spec?.tasks).toMatchObject(tasks);
    expect((await system.catalogue("limited"))?.environment?.version?.spec?.tasks).toMatchObject(tasks);
  });

  test("tells what the build skips", async () => {
    const layers = [{ kind: { case: "pipPackages" as const, value: { packages: ["unionai-reuse>=0.1"] } } }];
    const { lines } = await deploy(system, { name: "skips", image: { layers } });
    expect(lines).toEqual([expect.stringContaining("Skipping unionai-reuse>=0.1")]);
  });

  test.each([
    { reason: "INVALID_POLICY", why: "a minimum above the maximum", policy: { minReplicas: 3, maxReplicas: 2 } },
    { reason: "INVALID_POLICY", why: "no slots", policy: { concurrency: 0 } },
    { reason: "INVALID_POLICY", why: "a negative TTL", policy: { idleTtl: { seconds: -1n } } },
    { reason: "INVALID_ENVIRONMENT", why: "no tasks", spec: { tasks: [] } },
    {
      ...{ reason: "INVALID_ENVIRONMENT", why: "a timeout of nothing" },
      spec: { tasks: [{ name: "f", entrypoint: "m:f", attemptTimeout: {} }] },
    },
    { reason: "INVALID_RESOURCES", why: "an unreadable quantity", spec: { resources: { memory: "lots" } } },
    { reason: "BUNDLE_NOT_FOUND", why: "a bundle that is not there", spec: { bundleSha256: "c".repeat(64) } },
    {
      reason: "IMAGE_NOT_SUPPORTED",
      why: "an image of another kind",
      spec: { image: { base: { case: "reference" as const, value: "python:3.12-slim" } } },
    },
  ])("with $why is refused as $reason, and nothing of it is stored", async ({ reason, spec, policy }) => {
    await expect(deploy(system, { name: "refused", ...spec }, policy)).rejects.toMatchObject({ reason });
    await expect(system.environments().getEnvironment({ name: "refused" })).rejects.toMatchObject({
      reason: "ENVIRONMENT_NOT_FOUND",
    });
    expect(await system.catalogue("refused")).toBeUndefined();
  });
});

describe("an environment", () => {
  test("changes its policy in place: the version stays, and routers and agents are told", async () => {
    const { environment } = await deploy(system, { name: "in-place" });
    const updated = await system.environments().updatePolicy({ name: "in-place", policy: { concurrency: 3 } });
    expect(updated.environment).toMatchObject({ version: environment.version, policy: { concurrency: 3 } });
    expect(await system.catalogue("in-place")).toMatchObject({ environment: { policy: { concurrency: 3 } } });
  });

  test("keeps its policy when the new one is refused", async () => {
    await deploy(system, { name: "stays" }, { concurrency: 3 });
    const update = system.environments().updatePolicy({ name: "stays", policy: { maxReplicas: 0 } });
    await expect(update).rejects.toMatchObject({ reason: "INVALID_POLICY" });
    const { environment } = await system.environments().getEnvironment({ name: "stays" });
    expect(environment?.policy?.concurrency).toBe(3);
  });

  test("that was deleted is gone for clients, routers and agents", async () => {
    await deploy(system, { name: "deleted" });
    await system.environments().deleteEnvironment({ name: "deleted" });
    expect(await system.catalogue("deleted")).toBeUndefined();
    const { environments } = await system.environments().listEnvironments({});
    expect(environments.map(({ name }) => name)).not.toContain("deleted");
  });

  test.each(["getEnvironment", "updatePolicy", "deleteEnvironment"] as const)(
    "that is not there: %s answers ENVIRONMENT_NOT_FOUND",
    async (method) => {
      await expect(system.environments()[method]({ name: "nobody" })).rejects.toMatchObject({
        reason: "ENVIRONMENT_NOT_FOUND",
      });
    },
  );

  test("outlives the control plane, and what the catalogue lost it gets back", async () => {
    const { environment } = await deploy(system, { name: "outlives" });
    const { Kvm } = await import("@nats-io/kv");
    await (await new Kvm(system.bus.connection).open("hearth_environments")).delete("outlives");
    await system.restart();
    expect(await system.environments().getEnvironment({ name: "outlives" })).toMatchObject({ environment });
    expect(await system.catalogue("outlives")).toMatchObject({ environment });
  });
});

describe("over HTTP and JSON", () => {
  const post = (path: string, body: object): Promise<Response> =>
    fetch(`${system.httpUrl()}/hearth.v1.${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });

  test("the same services answer", async () => {
    await deploy(system, { name: "by-http" });
    const response = await post("EnvironmentService/GetEnvironment", { name: "by-http" });
    expect(await response.json()).toMatchObject({ environment: { name: "by-http", policy: { idleTtl: "30s" } } });
  });

  test("a refusal carries its reason", async () => {
    const response = await post("EnvironmentService/GetEnvironment", { name: "nobody" });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      code: "not_found",
      details: [{ type: "google.rpc.ErrorInfo", value: expect.any(String) as string }],
    });
  });

  test("a bundle is taken as base64", async () => {
    const response = await post("BundleService/UploadBundle", {
      sha256: bundleSha256,
      data: bundle.toString("base64"),
    });
    expect(response.status).toBe(200);
  });

  test("the health check answers", async () => {
    expect(await (await fetch(`${system.httpUrl()}/healthz`)).text()).toBe("ok\n");
  });

  test("the first page lists environments", async () => {
    await deploy(system, { name: "on-the-page" });
    expect(await (await fetch(system.httpUrl())).text()).toContain("<h2>on-the-page</h2>");
  });
});
