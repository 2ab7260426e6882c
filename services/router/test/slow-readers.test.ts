import { create, toBinary } from "@bufbuild/protobuf";
import { buckets, connectBus, type Bus } from "@hearth/bus";
import { newId } from "@hearth/ids";
import {
  CatalogueEntrySchema,
  ExecuteStreamRequestSchema,
  ExecutionPhase,
  ExecutionService,
  ReplicaState,
  type ExecuteStreamRequest,
  type ExecuteStreamResponse,
  type WatchExecutionResponse,
} from "@hearth/proto";
import { createClient, openChannel, type RpcClient } from "@hearth/rpc";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { Kvm } from "@nats-io/kv";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { buildRouter, type Router } from "../src/build.ts";
import { ScriptedAgent } from "./scripted-agent.ts";

const environment = "e";
const patience = { timeout: 20_000 };

let nats: NatsEngine;
let bus: Bus;
let router: Router;
let client: RpcClient<typeof ExecutionService>;
let closeChannel: () => void;

beforeAll(async () => {
  nats = await startNats();
  bus = await connectBus({ url: nats.url, name: "test" });
  router = await buildRouter({
    ...{ natsUrl: nats.url, host: "127.0.0.1", grpcPort: 0, advertisedHost: "127.0.0.1" },
    ...{ backlogMax: 1_000, stopGraceMs: 1_000, logLevel: "silent" },
  });
  const channel = openChannel(`127.0.0.1:${router.grpcPort}`);
  client = createClient(ExecutionService, channel);
  closeChannel = () => channel.close();
  const version = { id: "v1", spec: { name: environment, tasks: [{ name: "task" }] } };
  const entry = create(CatalogueEntrySchema, { environment: { name: environment, version } });
  const bucket = await new Kvm(bus.connection).create(buckets.catalogue);
  await bucket.put(environment, toBinary(CatalogueEntrySchema, entry));
  await vi.waitFor(async () => {
    await expect(client.submit({ execution: { environment, task: "?" } })).rejects.toMatchObject({
      reason: "TASK_NOT_FOUND",
    });
  });
});

afterAll(async () => {
  closeChannel();
  await router.stop(1_000);
  await bus.close();
  await nats.stop();
});

async function startAgent(slots: number): Promise<ScriptedAgent> {
  const agent = new ScriptedAgent({ bus, replicaId: newId(Date.now()), environment, slots });
  agent.onDispatch = () => undefined;
  await agent.start();
  return agent;
}

async function end(agent: ScriptedAgent): Promise<void> {
  agent.announce(ReplicaState.ENDED);
  await agent.stop();
}

/** The answers to some executions that are asked for over one stream. */
function stream(executions: ExecuteStreamRequest["executions"]): AsyncIterable<ExecuteStreamResponse> {
  return client.executeStream(
    (async function* () {
      yield await Promise.resolve(create(ExecuteStreamRequestSchema, { executions }));
    })(),
  );
}

describe("a caller that does not read", () => {
  it("is cut off from its stream of answers, whose executions go on and are found again", async () => {
    const agent = await startAgent(200);
    const ids = Array.from({ length: 200 }, () => newId(Date.now()));
    const asked = (askedBefore: boolean): ExecuteStreamRequest["executions"] =>
      create(ExecuteStreamRequestSchema, {
        executions: ids.map((executionId) => ({ executionId, environment, task: "task", askedBefore })),
      }).executions;
    const unread = stream(asked(false))[Symbol.asyncIterator]();
    const first = unread.next();
    await vi.waitFor(() => expect(agent.dispatched).toHaveLength(ids.length), patience);
    const result = create(ExecuteStreamRequestSchema, {
      executions: [{ arguments: { inline: Buffer.alloc(1024 * 1024) } }],
    }).executions[0]!.arguments!;
    for (const dispatch of agent.dispatched) agent.succeed({ ...dispatch, arguments: result });
    await vi.waitFor(() => {
      expect(agent.received.flatMap(({ acknowledgedOutcomes }) => acknowledgedOutcomes)).toHaveLength(ids.length);
    }, patience);
    const readOn = async (): Promise<void> => {
      for (let next = await first; next.done !== true; next = await unread.next());
    };
    await expect(readOn()).rejects.toMatchObject({ reason: "ANSWERS_UNREAD" });

    const answered: string[] = [];
    for await (const { ends } of stream(asked(true))) answered.push(...ends.map(({ executionId }) => executionId));
    expect(answered.toSorted()).toEqual(ids.toSorted());
    expect(agent.dispatched).toHaveLength(ids.length);
    await end(agent);
  });

  it("of a watched execution gets what it missed as one, and the last state", async () => {
    const attempts = 60;
    const agent = await startAgent(1);
    const retryPolicy = { retries: attempts, initialBackoffMs: 1, backoffFactor: 1 };
    const { executionId } = await client.submit({ execution: { environment, task: "task", retryPolicy } });
    const watch = (): AsyncIterator<WatchExecutionResponse> =>
      client.watchExecution({ executionId })[Symbol.asyncIterator]();
    const [idle, reading] = [watch(), watch()];
    await idle.next();
    for (let number = 1, seen = 0; number <= attempts; number += 1) {
      await vi.waitFor(() => expect(agent.dispatched).toHaveLength(number), patience);
      while (seen < number) {
        seen = ((await reading.next()).value as WatchExecutionResponse).execution?.attempts.length ?? 0;
      }
      const dispatch = agent.dispatched.at(-1)!;
      if (number < attempts) agent.fail(dispatch, "Error", "x".repeat(30_000));
      else agent.succeed(dispatch);
    }
    const missed: WatchExecutionResponse[] = [];
    for await (const state of { [Symbol.asyncIterator]: () => idle }) missed.push(state);
    expect(missed.length).toBeLessThan(attempts);
    expect(missed.at(-1)?.execution?.phase).toBe(ExecutionPhase.SUCCEEDED);
    expect(missed.at(-1)?.execution?.attempts).toHaveLength(attempts);
    await end(agent);
  });
});
