import { create, toBinary } from "@bufbuild/protobuf";
import { buckets, connectBus, ensureStreams, subjects, type Bus } from "@hearth/bus";
import { newId } from "@hearth/ids";
import {
  AttemptEndSchema,
  CatalogueEntrySchema,
  ExecutionService,
  JournalBatchSchema,
  Outcome,
  ReplicaState,
  SlotAnnouncementSchema,
} from "@hearth/proto";
import { createClient, openChannel, type RpcClient } from "@hearth/rpc";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { jetstream } from "@nats-io/jetstream";
import { Kvm, type KV } from "@nats-io/kv";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { buildRouter, type Router } from "../src/build.ts";
import { ScriptedAgent } from "./scripted-agent.ts";

const garbage = Buffer.from([0x0a, 0xff, 0xff, 0x7f]);

let nats: NatsEngine;
let bus: Bus;
let catalogue: KV;
let router: Router;
let client: RpcClient<typeof ExecutionService>;
let closeChannel: () => void;

/** Everything bad was said before the router started; each test says its own again. */
beforeAll(async () => {
  nats = await startNats();
  bus = await connectBus({ url: nats.url, name: "test" });
  await ensureStreams(bus);
  catalogue = await new Kvm(bus.connection).create(buckets.catalogue);
  await catalogue.put("garbage", garbage);
  await jetstream(bus.connection).publish(subjects.journal("nobody"), garbage);
  router = await buildRouter({
    ...{ natsUrl: nats.url, host: "127.0.0.1", grpcPort: 0, advertisedHost: "127.0.0.1" },
    ...{ backlogMax: 10, stopGraceMs: 1_000, logLevel: "silent" },
  });
  const channel = openChannel(`127.0.0.1:${router.grpcPort}`);
  client = createClient(ExecutionService, channel);
  closeChannel = () => channel.close();
});

afterAll(async () => {
  closeChannel();
  await router.stop(1_000);
  await bus.close();
  await nats.stop();
});

async function deploy(name: string, entryOf = name): Promise<void> {
  const version = { id: "v1", spec: { name, tasks: [{ name: "echo" }] } };
  await catalogue.put(
    entryOf,
    toBinary(CatalogueEntrySchema, create(CatalogueEntrySchema, { environment: { name, version } })),
  );
}

const reasonFor = (environment: string): Promise<string> =>
  client.submit({ execution: { environment, task: "?" } }).then(
    () => "",
    (error: unknown) => (error as { readonly reason: string }).reason,
  );

const isDeployed = (environment: string): Promise<void> =>
  vi.waitFor(async () => expect(await reasonFor(environment)).toBe("TASK_NOT_FOUND"), { timeout: 5_000 });

describe("a router that hears what it cannot use", () => {
  it("starts, and learns of environments that are deployed after a catalogue entry that is none", async () => {
    await catalogue.put("garbage", garbage);
    await deploy("after");
    await isDeployed("after");
  });

  it("takes no environment from an entry of another name", async () => {
    await deploy("impostor", "other");
    await deploy("next");
    await isDeployed("next");
    expect([await reasonFor("impostor"), await reasonFor("other")]).toEqual([
      "ENVIRONMENT_NOT_FOUND",
      "ENVIRONMENT_NOT_FOUND",
    ]);
  });

  it("knows that nobody has an execution although a journal of nobody cannot be read", async () => {
    for (const message of [garbage, toBinary(JournalBatchSchema, create(JournalBatchSchema, { replayFrom: 1e300 }))])
      await jetstream(bus.connection).publish(subjects.journal("nobody"), message);
    const executionId = newId(Date.now());
    await expect(client.getExecution({ executionId })).rejects.toMatchObject({ reason: "EXECUTION_NOT_FOUND" });
  });

  it("takes an outcome that there is not for a lost attempt, and makes another", async () => {
    await deploy("odd");
    await isDeployed("odd");
    const agent = new ScriptedAgent({ bus, replicaId: "odd", environment: "odd", slots: 2 });
    const succeed = agent.onDispatch;
    agent.onDispatch = (dispatch) => {
      if (dispatch.attempt > 1) return succeed(dispatch);
      const { executionId, attempt } = dispatch;
      agent.say((frame) => frame.ends.push(create(AttemptEndSchema, { executionId, attempt, outcome: 99 as never })));
    };
    await agent.start();
    const { end } = await client.execute({ execution: { environment: "odd", task: "echo" } });
    expect(end?.outcome).toBe(Outcome.SUCCEEDED);
    await agent.stop();
  });

  it.each([NaN, Infinity, 1e300])(
    "sends no more than an agent has slots when it says that it has seen %s dispatches",
    async (seen) => {
      const name = `slots-${newId(Date.now())}`;
      await deploy(name);
      await isDeployed(name);
      const agent = new ScriptedAgent({ bus, replicaId: name, environment: name, slots: 1 });
      const succeed = agent.onDispatch;
      agent.onDispatch = () => undefined;
      await agent.start();
      const execution = { environment: name, task: "echo" };
      const first = client.execute({ execution });
      const dispatched = await vi.waitFor(() => agent.dispatched[0] ?? expect.fail("nothing was dispatched"));
      agent.say((frame) => {
        frame.slots = { $typeName: "hearth.v1.Slots", sequence: 1, total: 1, free: 1, dispatchesSeen: seen };
      });
      for (let more = 0; more < 5; more++) await client.submit({ execution });
      // What was sent before the answer to this has arrived with it.
      succeed(dispatched);
      await first;
      expect(agent.dispatched.length).toBeLessThanOrEqual(3);
      await agent.stop();
    },
  );

  it("attaches to the next replica although the one before announced an address that is none", async () => {
    await deploy("reached");
    await isDeployed("reached");
    const said = { environment: "reached", pool: "reached", version: "v1", state: ReplicaState.READY };
    for (const address of ["\n", "[::", "dns:///", "127.0.0.1:99999999", "unix:", "\0", "http://["]) {
      const announcement = create(SlotAnnouncementSchema, { ...said, replicaId: `at ${address}`, address });
      bus.publish(subjects.slots("reached"), SlotAnnouncementSchema, announcement);
    }
    const agent = new ScriptedAgent({ bus, replicaId: "r1", environment: "reached", slots: 1 });
    await agent.start();
    const { end } = await client.execute({
      execution: { environment: "reached", task: "echo", arguments: { inline: Buffer.from("hello") } },
    });
    expect(Buffer.from(end?.result?.inline ?? []).toString()).toBe("hello");
    await agent.stop();
  });
});
