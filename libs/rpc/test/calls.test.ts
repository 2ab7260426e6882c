import { connect } from "node:http2";
import { connect as connectSocket, createServer, type AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { HearthError } from "@hearth/errors";
import {
  ExecuteStreamRequestSchema,
  ExecuteStreamResponseSchema,
  ExecutionRequestSchema,
  ExecutionService,
  HealthCheckRequestSchema,
  RunService,
  StatusSchema,
  type ExecuteStreamRequest,
} from "@hearth/proto";
import { grpcFrame, rawGrpcCall } from "@hearth/test-probes/raw-grpc";
import { createServer as createNiceServer } from "nice-grpc";
import { Status } from "nice-grpc-common";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { toDefinition } from "../src/definition.ts";
import { fromStatusDetails } from "../src/error-status.ts";
import { callStream, createClient, FrameOutbox, openChannel, service, startGrpcServer } from "../src/mod.ts";

const report = (): void => undefined;
const say = (outbox: FrameOutbox<ExecuteStreamRequest>, executionId: string): void =>
  void outbox.frame().executions.push(create(ExecutionRequestSchema, { executionId }));
const newOutbox = (): FrameOutbox<ExecuteStreamRequest> => new FrameOutbox(() => create(ExecuteStreamRequestSchema));
const executeStream = ExecutionService.method.executeStream;

/** Answers every execution with its id, and ends the call at "end". */
async function* echo(requests: AsyncIterable<ExecuteStreamRequest>) {
  for await (const { executions } of requests) {
    if (executions.some(({ executionId }) => executionId === "end")) return;
    if (executions.some(({ executionId }) => executionId === "refuse")) throw new HearthError("BACKLOG_FULL", "Full.");
    yield create(ExecuteStreamResponseSchema, { ends: executions.map(({ executionId }) => ({ executionId })) });
  }
}

interface Echo extends AsyncDisposable {
  readonly address: string;
}

async function ours(): Promise<Echo> {
  const handlers = { ...({} as Parameters<typeof service<typeof ExecutionService>>[1]), executeStream: echo };
  const services = [service(ExecutionService, handlers)];
  const server = await startGrpcServer({ host: "127.0.0.1", port: 0, services, report });
  return { address: `127.0.0.1:${server.port}`, [Symbol.asyncDispose]: () => server.stop(0) };
}

async function niceGrpcs(): Promise<Echo> {
  const server = createNiceServer();
  const { executeStream: method } = toDefinition(ExecutionService);
  server.add({ executeStream: method! }, { executeStream: echo } as never);
  const port = await server.listen("127.0.0.1:0");
  return { address: `127.0.0.1:${port}`, [Symbol.asyncDispose]: () => Promise.resolve(server.forceShutdown()) };
}

describe.each([
  ["our own server", ours],
  ["nice-grpc's", niceGrpcs],
])("a stream to %s", (_name, start) => {
  it("carries what each side says, when it says it, until both have said all", async () => {
    await using server = await start();
    const outbox = newOutbox();
    const responses = callStream(server.address, executeStream, outbox)[Symbol.asyncIterator]();
    for (const id of ["a", "b".repeat(200_000), "c"]) {
      say(outbox, id);
      expect((await responses.next()).value).toMatchObject({ ends: [{ executionId: id }] });
    }
    outbox.end();
    expect((await responses.next()).done).toBe(true);
  });

  it("is over when the server says so", async () => {
    await using server = await start();
    const outbox = newOutbox();
    say(outbox, "end");
    const responses = callStream(server.address, executeStream, outbox)[Symbol.asyncIterator]();
    expect((await responses.next()).done).toBe(true);
    await expect.poll(() => outbox.isOver).toBe(true);
  });

  it("throws what the requests throw", async () => {
    await using server = await start();
    const outbox = newOutbox();
    outbox.fail(new RangeError("no more"));
    const responses = callStream(server.address, executeStream, outbox)[Symbol.asyncIterator]();
    await expect(responses.next()).rejects.toThrow(RangeError);
  });

  it("that its caller leaves is CANCELLED, and drops what was to be sent", async () => {
    await using server = await start();
    const outbox = newOutbox();
    const leaving = new AbortController();
    const { signal } = leaving;
    const responses = callStream(server.address, executeStream, outbox, { signal })[Symbol.asyncIterator]();
    const next = responses.next();
    leaving.abort();
    await expect(next).rejects.toMatchObject({ code: Status.CANCELLED });
    await expect.poll(() => outbox.isOver).toBe(true);
  });

  it("that breaks is UNAVAILABLE", async () => {
    const server = await start();
    const outbox = newOutbox();
    say(outbox, "a");
    const responses = callStream(server.address, executeStream, outbox)[Symbol.asyncIterator]();
    await responses.next();
    await server[Symbol.asyncDispose]();
    await expect(responses.next()).rejects.toMatchObject({
      code: expect.toBeOneOf([Status.CANCELLED, Status.UNAVAILABLE]) as number,
    });
  });
});

test("details that nobody can read are none", () => {
  expect(fromStatusDetails(Buffer.from([0x12, 0xff, 0xff, 0x7f]))).toBeUndefined();
});

describe("a stream", () => {
  it("that is refused throws the refusal", async () => {
    await using server = await ours();
    const outbox = newOutbox();
    say(outbox, "refuse");
    const responses = callStream(server.address, executeStream, outbox)[Symbol.asyncIterator]();
    await expect(responses.next()).rejects.toMatchObject({ name: "HearthError", reason: "BACKLOG_FULL" });
  });

  it("to where nobody is is UNAVAILABLE", async () => {
    const responses = callStream("127.0.0.1:1", executeStream, newOutbox())[Symbol.asyncIterator]();
    await expect(responses.next()).rejects.toMatchObject({ code: Status.UNAVAILABLE });
  });

  it("to a peer that answers no ping is UNAVAILABLE", async () => {
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    const address = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const responses = callStream(address, executeStream, newOutbox(), { pingMs: 20 })[Symbol.asyncIterator]();
    await expect(responses.next()).rejects.toMatchObject({ code: Status.UNAVAILABLE });
    silent.close();
  });

  it("whose peer answers pings stays", async () => {
    await using server = await ours();
    const outbox = newOutbox();
    const options = { pingMs: 1_000 };
    const responses = callStream(server.address, executeStream, outbox, options)[Symbol.asyncIterator]();
    say(outbox, "a");
    expect((await responses.next()).done).toBe(false);
    outbox.end();
    expect((await responses.next()).done).toBe(true);
  });

  it("whose answer is no message is left, and its sender's stream ends", async () => {
    await using server = await niceGrpcs();
    const outbox = newOutbox();
    say(outbox, "a");
    // What an execution's id is there is a number here.
    const other = { ...executeStream, output: StatusSchema } as unknown as typeof executeStream;
    const responses = callStream(server.address, other, outbox)[Symbol.asyncIterator]();
    await expect(responses.next()).rejects.toThrow();
    await expect.poll(() => outbox.isOver).toBe(true);
  });

  it("that is no longer read is left", async () => {
    await using server = await ours();
    const outbox = newOutbox();
    say(outbox, "a");
    for await (const { ends } of callStream(server.address, executeStream, outbox)) {
      if (ends.length > 0) break;
    }
    await expect.poll(() => outbox.isOver).toBe(true);
  });
});

describe("a server", () => {
  let address: string;
  let stop: () => Promise<void>;
  const left: string[] = [];

  beforeAll(async () => {
    const waiting = service(RunService, {
      ...({} as Parameters<typeof service<typeof RunService>>[1]),
      getRun: ({ name }, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            left.push(name);
            reject(new Error("left"));
          });
        }),
    });
    const server = await startGrpcServer({ host: "127.0.0.1", port: 0, services: [waiting], report });
    address = `127.0.0.1:${server.port}`;
    stop = () => server.stop(0);
  });
  afterAll(() => stop());

  const check = grpcFrame(toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema)));
  const health = "/grpc.health.v1.Health/Check";

  it("says which method it does not have", async () => {
    const answer = await rawGrpcCall({ address, path: "/hearth.v1.RunService/Nothing", bytes: check });
    expect(answer).toMatchObject({ status: Status.UNIMPLEMENTED, messages: 0 });
    expect(answer.message).toContain("/hearth.v1.RunService/Nothing");
  });

  it("ends a call whose time is over, and tells its handler", async () => {
    const bytes = grpcFrame(Buffer.from([0x0a, 1, 0x74]));
    const headers = { "grpc-timeout": "20m" };
    const answer = await rawGrpcCall({ address, path: "/hearth.v1.RunService/GetRun", bytes, headers });
    expect(answer.status).toBe(Status.DEADLINE_EXCEEDED);
    await expect.poll(() => left).toContain("t");
  });

  it("tells a handler that its caller left", async () => {
    const channel = openChannel(address);
    const leaving = new AbortController();
    const call = createClient(RunService, channel).getRun({ name: "c" }, { signal: leaving.signal });
    const gone = expect(call).rejects.toThrow();
    await new Promise(setImmediate);
    leaving.abort();
    await gone;
    channel.close();
  });

  it("takes compressed requests", async () => {
    const bytes = grpcFrame(gzipSync(toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema))));
    bytes[0] = 1;
    const answer = await rawGrpcCall({ address, path: health, bytes, headers: { "grpc-encoding": "gzip" } });
    expect(answer).toMatchObject({ status: Status.OK, messages: 1 });
  });

  it("refuses a request that never comes, one that is cut off and one that is too large", async () => {
    const statuses = await Promise.all(
      [Buffer.alloc(0), check.subarray(0, 3), grpcFrame(Buffer.alloc(1), 2 ** 31)].map(
        async (bytes) => (await rawGrpcCall({ address, path: health, bytes })).status,
      ),
    );
    expect(statuses).toEqual([Status.INVALID_ARGUMENT, Status.INTERNAL, Status.RESOURCE_EXHAUSTED]);
  });

  it("refuses a stream that is cut off, although its handler takes it for an end", async () => {
    await using server = await ours();
    const bytes = grpcFrame(Buffer.from("abc")).subarray(0, 6);
    const answer = await rawGrpcCall({ ...server, path: "/hearth.v1.ExecutionService/ExecuteStream", bytes });
    expect(answer.status).toBe(Status.INTERNAL);
  });

  it("tells a handler that reads that its caller left, not that all was said", async () => {
    const ends: unknown[] = [];
    const handlers = {
      ...({} as Parameters<typeof service<typeof ExecutionService>>[1]),
      async *executeStream(requests: AsyncIterable<ExecuteStreamRequest>) {
        try {
          for await (const each of requests) yield { ends: [{ executionId: each.executions[0]?.executionId ?? "" }] };
          ends.push("all was said");
        } catch (error) {
          ends.push((error as { code?: unknown }).code);
        }
      },
    };
    const server = await startGrpcServer({
      host: "127.0.0.1",
      port: 0,
      services: [service(ExecutionService, handlers)],
      report,
    });
    const outbox = newOutbox();
    say(outbox, "a");
    for await (const { ends: some } of callStream(`127.0.0.1:${server.port}`, executeStream, outbox)) {
      if (some.length > 0) break;
    }
    await expect.poll(() => ends).toEqual([Status.CANCELLED]);
    await server.stop(0);
  });

  it("names a refusal however long its text is", async () => {
    const named = create(HealthCheckRequestSchema, { service: "%".repeat(100_000) });
    const bytes = grpcFrame(toBinary(HealthCheckRequestSchema, named));
    expect((await rawGrpcCall({ address, path: health, bytes })).status).toBe(Status.NOT_FOUND);
  });

  it("has no other services to check than itself", async () => {
    const named = create(HealthCheckRequestSchema, { service: "x" });
    const answer = await rawGrpcCall({
      address,
      path: health,
      bytes: grpcFrame(toBinary(HealthCheckRequestSchema, named)),
    });
    expect(answer.status).toBe(Status.NOT_FOUND);
  });

  it("answers 415 to what is no gRPC", async () => {
    const session = connect(`http://${address}`);
    const status = await new Promise((resolve) =>
      session
        .request({ ":method": "GET", ":path": "/" })
        .on("response", (headers) => resolve(headers[":status"]))
        .end(),
    );
    expect(status).toBe(415);
    session.close();
  });
});

describe("a server that stops", () => {
  /** A server whose only call is answered when the test says so, and that call. */
  const calling = async () => {
    const [called, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<{ run: { name: string } }>()];
    const handlers = {
      ...({} as Parameters<typeof service<typeof RunService>>[1]),
      getRun: () => {
        called.resolve();
        return answer.promise;
      },
    };
    const services = [service(RunService, handlers)];
    const server = await startGrpcServer({ host: "127.0.0.1", port: 0, services, report });
    const channel = openChannel(`127.0.0.1:${server.port}`);
    const call = createClient(RunService, channel).getRun({ name: "r" });
    await called.promise;
    return { server, call, answer, channel };
  };

  it("lets a call come to its end", async () => {
    const { server, call, answer, channel } = await calling();
    const stopped = server.stop(60_000);
    answer.resolve({ run: { name: "r" } });
    expect((await call).run?.name).toBe("r");
    channel.close();
    await stopped;
  });

  it("does not wait for a connection whose other side stays", async () => {
    const server = await startGrpcServer({ host: "127.0.0.1", port: 0, services: [], report });
    const silent = connectSocket({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
    await new Promise((resolve) => silent.once("data", resolve));
    await server.stop(1);
    silent.destroy();
  });

  it("ends it when its grace is over", async () => {
    const { server, call, channel } = await calling();
    const ended = expect(call).rejects.toMatchObject({
      code: expect.toBeOneOf([Status.CANCELLED, Status.UNAVAILABLE]) as number,
    });
    await server.stop(1);
    await ended;
    channel.close();
  });
});
