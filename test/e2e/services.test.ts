import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDev, type Dev } from "./support/dev.ts";
import { listServices, probeHealth } from "@hearth/test-probes/grpc";

let dev: Dev;
beforeAll(async () => {
  dev = await startDev();
});
afterAll(() => dev[Symbol.asyncDispose]());

/** Posts JSON to a method of the control plane, as curl would. */
async function post(method: string, body: unknown): Promise<{ readonly status: number; readonly json: unknown }> {
  const response = await fetch(`${dev.addresses.url}/hearth.v1.${method}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, json: await response.json() };
}

describe("over HTTP", () => {
  test("the control plane answers JSON with JSON", async () => {
    expect(await post("EnvironmentService/ListEnvironments", {})).toEqual({ status: 200, json: {} });
  });

  test("a refusal has its HTTP status, its code and a message", async () => {
    const { status, json } = await post("EnvironmentService/GetEnvironment", { name: "nowhere" });
    expect(status).toBe(404);
    expect(json).toMatchObject({ code: "not_found", message: expect.stringContaining("nowhere") as string });
  });
});

describe("over gRPC", () => {
  test("control plane and router say that they are serving", async () => {
    const { controlPlane, router } = dev.addresses;
    expect(await Promise.all([probeHealth(controlPlane), probeHealth(router)])).toEqual([1, 1]);
  });

  test("the control plane lists its services by reflection", async () => {
    const services = await listServices(dev.addresses.controlPlane);
    expect(services).toEqual(
      expect.arrayContaining(["hearth.v1.EnvironmentService", "hearth.v1.BundleService", "hearth.v1.RunService"]),
    );
  });

  test("the router lists its service by reflection", async () => {
    expect(await listServices(dev.addresses.router)).toContain("hearth.v1.ExecutionService");
  });

  test("a refusal has its registered reason", async () => {
    await expect(dev.environments.getEnvironment({ name: "nowhere" })).rejects.toMatchObject({
      name: "HearthError",
      reason: "ENVIRONMENT_NOT_FOUND",
    });
  });
});

describe("the commands", () => {
  test("show what the services refuse, with reason and exit code 1", async () => {
    const { code, stderr } = await dev.hearth("env", "get", "nowhere");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ENVIRONMENT_NOT_FOUND: /);
  });

  test("list nothing where there is nothing", async () => {
    expect([await dev.json("env", "list"), await dev.json("runs", "list")]).toEqual([[], []]);
  });
});
