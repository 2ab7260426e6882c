import { create } from "@bufbuild/protobuf";
import { createClient as createConnectClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { HearthError } from "@hearth/errors";
import {
  BundleService,
  ExecutionService,
  ExecuteStreamRequestSchema,
  Health,
  RunService,
  ServingStatus,
  type ExecuteStreamResponse,
} from "@hearth/proto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectHandler } from "../src/connect.ts";
import {
  createClient,
  openChannel,
  service,
  startGrpcServer,
  type GrpcServer,
  type MountedService,
} from "../src/mod.ts";

const reported: unknown[] = [];

/** Answers by hash: what a test needs to see on the wire. */
const bundles = service(BundleService, {
  hasBundle({ sha256 }) {
    if (sha256 === "refuse") throw new HearthError("BUNDLE_TOO_LARGE", "It is too large.", { bundleBytesMax: "5" });
    if (sha256 === "break") throw new TypeError("a defect");
    return Promise.resolve({ found: sha256 === "here" });
  },
  uploadBundle: () => Promise.resolve({}),
});

const executions = service(ExecutionService, {
  ...({} as Parameters<typeof service<typeof ExecutionService>>[1]),
  async *executeStream(requests) {
    for await (const { executions: batch } of requests) {
      yield { ends: batch.map(({ executionId }) => ({ executionId })) };
      if (batch.some(({ task }) => task === "refuse")) throw new HearthError("BACKLOG_FULL", "It is full.");
    }
  },
});

let grpc: GrpcServer;
let http: Server;

beforeAll(async () => {
  const report = (_errorId: string, thrown: unknown): void => void reported.push(thrown);
  grpc = await startGrpcServer({ host: "127.0.0.1", port: 0, services: [bundles, executions], report });
  const fallback = (_request: unknown, response: { end(text: string): void }): void => response.end("a page");
  http = createServer(connectHandler({ services: [bundles], fallback: fallback, report }));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
});

afterAll(async () => {
  await grpc.stop(1_000);
  http.closeAllConnections();
  http.close();
});

const httpUrl = (): string => `http://127.0.0.1:${(http.address() as AddressInfo).port}`;

async function* one<T>(item: T): AsyncGenerator<T> {
  yield await Promise.resolve(item);
}

describe("a service over gRPC", () => {
  it("answers", async () => {
    const channel = openChannel(`127.0.0.1:${grpc.port}`);
    expect(await createClient(BundleService, channel).hasBundle({ sha256: "here" })).toMatchObject({ found: true });
    channel.close();
  });

  it("refuses with a reason, a message and figures that the client gets back", async () => {
    const channel = openChannel(`127.0.0.1:${grpc.port}`);
    const refused = createClient(BundleService, channel).hasBundle({ sha256: "refuse" });
    await expect(refused).rejects.toMatchObject({
      ...{ name: "HearthError", reason: "BUNDLE_TOO_LARGE", message: "It is too large." },
      metadata: { bundleBytesMax: "5" },
    });
    channel.close();
  });

  it("turns a defect into INTERNAL with an error id, and reports it", async () => {
    const channel = openChannel(`127.0.0.1:${grpc.port}`);
    const broken = createClient(BundleService, channel).hasBundle({ sha256: "break" });
    await expect(broken).rejects.toMatchObject({
      reason: "INTERNAL",
      message: expect.not.stringContaining("a defect") as string,
    });
    expect(reported).toContainEqual(new TypeError("a defect"));
    channel.close();
  });

  it("refuses on a stream after what it had to say before", async () => {
    const channel = openChannel(`127.0.0.1:${grpc.port}`);
    const request = create(ExecuteStreamRequestSchema, { executions: [{ executionId: "x", task: "refuse" }] });
    const frames: ExecuteStreamResponse[] = [];
    const read = async (): Promise<void> => {
      for await (const frame of createClient(ExecutionService, channel).executeStream(one(request))) frames.push(frame);
    };
    await expect(read()).rejects.toMatchObject({ reason: "BACKLOG_FULL" });
    expect(frames.map(({ ends }) => ends[0]?.executionId)).toEqual(["x"]);
    channel.close();
  });

  it("answers health checks, and says so when it is told to stop serving", async () => {
    const channel = openChannel(`127.0.0.1:${grpc.port}`);
    const health = createClient(Health, channel);
    expect((await health.check({ service: "" })).status).toBe(ServingStatus.SERVING);
    grpc.setServing(false);
    expect((await health.check({ service: "" })).status).toBe(ServingStatus.NOT_SERVING);
    grpc.setServing(true);
    channel.close();
  });
});

describe("a caller that does not read", () => {
  /** Yields what no transport holds by itself, and counts what was taken. */
  const flood = (): { readonly taken: () => number; readonly mounted: MountedService } => {
    let taken = 0;
    const lines = [{ text: "x".repeat(64 * 1024) }];
    const mounted = service(RunService, {
      ...({} as Parameters<typeof service<typeof RunService>>[1]),
      async *readLogs() {
        for (; taken < messages; taken += 1) yield await Promise.resolve({ lines });
      },
    });
    return { taken: () => taken, mounted };
  };
  const messages = 2_000;
  const report = (): void => undefined;

  it("over gRPC has its handler wait: a server makes few messages more than were read", async () => {
    const [unread, read] = [flood(), flood()];
    const servers = await Promise.all(
      [unread, read].map(({ mounted }) => startGrpcServer({ host: "127.0.0.1", port: 0, services: [mounted], report })),
    );
    const channels = servers.map(({ port }) => openChannel(`127.0.0.1:${port}`));
    const [idle, reading] = channels.map((channel) => createClient(RunService, channel).readLogs({}));
    const first = idle![Symbol.asyncIterator]();
    await first.next();
    let count = 0;
    for await (const { lines } of reading!) count += lines.length;
    expect([count, read.taken()]).toEqual([messages, messages]);
    expect(unread.taken()).toBeLessThan(messages / 4);
    channels.forEach((channel) => channel.close());
    await Promise.all(servers.map((server) => server.stop(0)));
  });

  it("over HTTP the same", async () => {
    const [unread, read] = [flood(), flood()];
    const ask = async ({ mounted }: ReturnType<typeof flood>): Promise<[Server, Response]> => {
      const fallback = (): void => undefined;
      const server = createServer(connectHandler({ services: [mounted], fallback, report }));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hearth.v1.RunService/ReadLogs`;
      const headers = { "content-type": "application/connect+json" };
      // One enveloped message: no flags, two bytes, "{}".
      const response = await fetch(url, { method: "POST", headers, body: Buffer.from([0, 0, 0, 0, 2, 123, 125]) });
      return [server, response];
    };
    const [idle, reading] = await Promise.all([ask(unread), ask(read)]);
    const { byteLength } = await reading[1].arrayBuffer();
    expect(byteLength).toBeGreaterThan(messages * 64 * 1024);
    expect(unread.taken()).toBeLessThan(messages / 4);
    await idle[1].body?.cancel();
    for (const [server] of [idle, reading]) server.close();
  });
});

describe("the same service over HTTP", () => {
  it("answers JSON to a plain POST", async () => {
    const response = await fetch(`${httpUrl()}/hearth.v1.BundleService/HasBundle`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ sha256: "here" }),
    });
    expect([response.status, await response.json()]).toEqual([200, { found: true }]);
  });

  it("refuses with the reason in google.rpc.ErrorInfo", async () => {
    const response = await fetch(`${httpUrl()}/hearth.v1.BundleService/HasBundle`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ sha256: "refuse" }),
    });
    const error = (await response.json()) as {
      code: string;
      message: string;
      details: { type: string; value: string }[];
    };
    expect(response.status).toBe(429);
    expect(error).toMatchObject({ code: "resource_exhausted", message: "It is too large." });
    expect(error.details[0]?.type).toBe("google.rpc.ErrorInfo");
    expect(Buffer.from(error.details[0]?.value ?? "", "base64").toString()).toContain("BUNDLE_TOO_LARGE");
  });

  it("speaks Connect and gRPC-Web to their clients", async () => {
    for (const transport of [
      createConnectTransport({ baseUrl: httpUrl(), httpVersion: "1.1" }),
      createGrpcWebTransport({ baseUrl: httpUrl(), httpVersion: "1.1" }),
    ]) {
      expect(await createConnectClient(BundleService, transport).hasBundle({ sha256: "here" })).toMatchObject({
        found: true,
      });
    }
  });

  it("answers the next request after one that it answered without reading all of it", async () => {
    for (let count = 0; count < 5; count++) {
      const refused = await fetch(`${httpUrl()}/hearth.v1.BundleService/HasBundle`, {
        method: "POST",
        headers: { "content-type": "application/grpc-web" },
        body: Buffer.alloc(200_000, 7),
      });
      await refused.arrayBuffer();
      expect(await (await fetch(`${httpUrl()}/next`)).text()).toBe("a page");
    }
  }, 4_000);

  it("leaves every other path to the fallback", async () => {
    expect(await (await fetch(`${httpUrl()}/runs/x`)).text()).toBe("a page");
  });
});
