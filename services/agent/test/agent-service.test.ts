import { create } from "@bufbuild/protobuf";
import { buckets, connectBus, ensureStreams, subjects, type Bus } from "@hearth/bus";
import {
  AgentService,
  AttemptKeySchema,
  ExecutionEndSchema,
  LogBatchSchema,
  Outcome,
  PayloadSchema,
  ReplicaState,
  SlotAnnouncementSchema,
  type AttachRequest,
  type AttemptEnd,
  type LogEntry,
  type SlotAnnouncement,
} from "@hearth/proto";
import { createClient, openChannel } from "@hearth/rpc";
import { natsPayloadStore, type PayloadStore } from "@hearth/payloads";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { listServices, probeHealth } from "@hearth/test-probes/grpc";
import { Objm } from "@nats-io/obj";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { buildAgent, type Agent } from "../src/build.ts";
import type { AgentConfig } from "../src/config.ts";
import { ScriptedRouter } from "./scripted-router.ts";

const bundle = Buffer.from("any bytes will do for the scripted runner");
const bundleSha256 = createHash("sha256").update(bundle).digest("hex");

let nats: NatsEngine;
let bus: Bus;
let cacheFolder: string;
const announcements: SlotAnnouncement[] = [];
const logs: LogEntry[] = [];

beforeAll(async () => {
  nats = await startNats();
  bus = await connectBus({ url: nats.url, name: "test" });
  await ensureStreams(bus);
  await (await new Objm(bus.connection).create(buckets.bundles)).putBlob({ name: bundleSha256 }, bundle);
  bus.subscribe(subjects.allSlots, SlotAnnouncementSchema, (announcement) => announcements.push(announcement));
  bus.subscribe(subjects.logs, LogBatchSchema, (batch) => logs.push(...batch.entries));
  cacheFolder = mkdtempSync(join(tmpdir(), "hearth-agent-test-"));
});

const agents: Agent[] = [];
afterEach(async () => {
  for (const agent of agents.splice(0)) {
    agent.drain({ cause: "STOPPED", reason: "the test is over" }, 0);
    await agent.ended;
  }
});

afterAll(async () => {
  await bus.close();
  await nats.stop();
  rmSync(cacheFolder, { recursive: true });
});

let replicas = 0;
async function startAgent(change: Partial<AgentConfig> = {}): Promise<Agent & { readonly replicaId: string }> {
  const replicaId = `agent-service-${++replicas}`;
  const config: AgentConfig = {
    ...{
      natsUrl: nats.url,
      replicaId,
      environment: "images",
      pool: "images/test",
      version: "v1",
      concurrency: 1,
      singleUse: false,
      memoryLimitBytes: undefined,
    },
    ...{ bundleSha256, tasks: [{ name: "echo", entrypoint: "" }], language: "node", runnerVariables: {} },
    runnerCommand: [process.execPath, fileURLToPath(new URL("scripted-runner.ts", import.meta.url))],
    ...{
      host: "127.0.0.1",
      port: 0,
      cacheFolder,
      logLevel: "silent",
      stopGraceMs: 1_000,
      orphanTimeoutMs: 60_000,
      cancelGraceMs: 100,
    },
    ...change,
  };
  const agent = await buildAgent(config, process.env);
  agents.push(agent);
  return { ...agent, replicaId };
}

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();
const lastOf = (replicaId: string): SlotAnnouncement | undefined =>
  announcements.findLast((announcement) => announcement.replicaId === replicaId);

/** Slots over several ticks: the test polls for what it waits for, up to 10 s. */
const until = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 10_000, interval: 10 });

/** The replica of that router holds so many attempts in its slots. */
const taken = ({ address }: ScriptedRouter, busy: number): Promise<void> =>
  until(() => expect(announcements.findLast((announcement) => announcement.address === address)?.busy).toBe(busy));

describe("an agent", () => {
  it("runs an attempt and reports its outcome, result and runner", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("x", "echo", "hello");
    const end = await router.end("x");
    expect([end.outcome, text(end.result?.inline)]).toEqual([Outcome.SUCCEEDED, "hello"]);
    expect(end.runnerPid).toBeGreaterThan(0);
    expect(end.startedUnixMs).toBeGreaterThan(0);
  });

  it("keeps its runner from one attempt to the next", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("x", "echo");
    const first = await router.end("x");
    router.dispatch("y", "echo");
    expect((await router.end("y")).runnerPid).toBe(first.runnerPid);
  });

  it("announces itself and its slots", async () => {
    const { replicaId, address } = await startAgent({ concurrency: 3 });
    const router = new ScriptedRouter(address);
    router.dispatch("x", "hold");
    await until(() => expect(lastOf(replicaId)).toMatchObject({ total: 3, free: 2, busy: 1, idleSinceUnixMs: 0 }));
    await until(() => expect(lastOf(replicaId)?.state).toBe(ReplicaState.READY));
    expect(lastOf(replicaId)).toMatchObject({ address, pool: "images/test", version: "v1", executions: 1 });
    await until(() => expect(lastOf(replicaId)?.memoryBytes).toBeGreaterThan(2 ** 20));
  });

  it("answers health checks and lists its service by reflection", async () => {
    const { address } = await startAgent();
    const serving = 1;
    expect(await probeHealth(address)).toBe(serving);
    expect(await listServices(address)).toContain("hearth.v1.AgentService");
  });

  it("says since when it has been idle", async () => {
    const { replicaId, address } = await startAgent();
    const router = new ScriptedRouter(address);
    router.dispatch("x", "echo");
    const end = await router.end("x");
    await until(() => expect(lastOf(replicaId)?.idleSinceUnixMs).toBeGreaterThanOrEqual(end.endedUnixMs));
  });

  it("refuses what exceeds its slots", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("x", "hold");
    router.dispatch("y", "echo");
    await until(() => expect(router.refusals).toEqual(["y SLOTS_FULL"]));
  });

  it("refuses an attempt it has had", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("x", "echo");
    await router.end("x");
    router.dispatch("x", "echo");
    await until(() => expect(router.refusals).toEqual(["x STALE_ATTEMPT"]));
  });

  it("tells every router how its slots stand after others, and each how many of its dispatches that counts", async () => {
    const { address } = await startAgent({ concurrency: 2 });
    const [one, other] = [
      new ScriptedRouter(address, { routerId: "one" }),
      new ScriptedRouter(address, { routerId: "other" }),
    ];
    await until(() => expect([one.free, other.free]).toEqual([2, 2]));
    one.dispatch("x", "hold");
    await until(() => expect(other.free).toBe(1));
    other.dispatch("y", "echo");
    await other.end("y");
    await until(() => expect(other.free).toBe(1));
    await until(() => expect(one.free).toBe(1));
  });

  it("answers an attempt with one frame: the slot it took is told with its end", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("first", "echo");
    await router.end("first");
    const before = router.frames.length;
    router.dispatch("x", "echo");
    await router.end("x");
    expect(router.frames.slice(before).map(({ ends, slots }) => [ends.length, slots?.free])).toEqual([[1, 1]]);
  });

  it("cancels an attempt", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("x", "hold");
    await taken(router, 1);
    router.say((frame) =>
      frame.cancellations.push({ $typeName: "hearth.v1.AttemptKey", executionId: "x", attempt: 1 }),
    );
    expect((await router.end("x")).outcome).toBe(Outcome.CANCELLED);
  });

  it("sends on what tasks print, line by line, by execution", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("printer", "print", "one\ntwo\nno line end");
    await router.end("printer");
    await until(() => {
      const lines = logs.filter(({ line }) => line?.executionId === "printer").map(({ line }) => line?.text);
      expect(lines).toEqual(["one", "two", "no line end"]);
    });
  });

  it("refuses a result over the bound, by name", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("x", "large", `${64 * 2 ** 20 + 1}`);
    const end = await router.end("x");
    expect([end.outcome, end.failure?.reason]).toEqual([Outcome.FAILED, "PAYLOAD_TOO_LARGE"]);
  });

  it("fails every attempt with the reason why the code cannot be loaded", async () => {
    const router = new ScriptedRouter((await startAgent({ environment: "broken" })).address);
    for (const id of ["x", "y"]) {
      router.dispatch(id, "echo");
      const end = await router.end(id);
      expect([end.outcome, end.failure?.reason]).toEqual([Outcome.FAILED, "CODE_IMPORT_FAILED"]);
    }
  });

  it("fails every attempt with the reason why there is no bundle", async () => {
    const router = new ScriptedRouter((await startAgent({ bundleSha256: "0".repeat(64) })).address);
    router.dispatch("x", "echo");
    expect((await router.end("x")).failure?.reason).toBe("BUNDLE_NOT_FOUND");
  });
});

describe("a runner that dies", () => {
  it("takes its attempts along, with a reason that says how, and another one serves the next", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("before", "echo");
    const { runnerPid } = await router.end("before");
    router.dispatch("x", "hold");
    await taken(router, 1);
    process.kill(runnerPid, "SIGKILL");
    const end = await router.end("x");
    expect([end.outcome, end.failure?.reason]).toEqual([Outcome.LOST, "RUNNER_CRASHED"]);
    expect(end.failure?.message).toContain("SIGKILL");
    router.dispatch("after", "echo", "still here");
    const after = await router.end("after");
    expect(text(after.result?.inline)).toBe("still here");
    expect(after.runnerPid).not.toBe(runnerPid);
  });

  it.each([
    ["exits", "exit", "exit code 3"],
    ["dies with words", "babble", "the last words"],
    ["sends what is no frame", "garbage", "A frame of"],
  ])("by its own doing is named: it %s", async (_how, task, message) => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("x", task);
    const end = await router.end("x");
    expect(end.failure?.reason).toBe("RUNNER_CRASHED");
    expect(end.failure?.message).toContain(message);
  });

  it("is known to be dead though a process that it left behind holds its output open", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("x", "abandon");
    expect((await router.end("x")).failure?.reason).toBe("RUNNER_CRASHED");
    router.dispatch("y", "echo");
    expect((await router.end("y")).outcome).toBe(Outcome.SUCCEEDED);
  });

  it("tells each attempt it had how many others it had, and keeps those it did not have yet", async () => {
    const router = new ScriptedRouter((await startAgent({ concurrency: 3 })).address);
    for (const id of ["x", "y"]) router.dispatch(id, "hold");
    router.dispatch("z", "exit");
    const ends = await Promise.all(["x", "y", "z"].map((id) => router.end(id)));
    expect(ends.map(({ neighbours }) => neighbours)).toEqual([2, 2, 2]);
    router.dispatch("later", "echo");
    expect((await router.end("later")).outcome).toBe(Outcome.SUCCEEDED);
  });

  it("for holding more memory than it may is named as that, and another one serves the next", async () => {
    const router = new ScriptedRouter((await startAgent({ memoryLimitBytes: 300 * 2 ** 20 })).address);
    router.dispatch("x", "hoard", "400");
    const end = await router.end("x");
    expect([end.outcome, end.failure?.reason]).toEqual([Outcome.LOST, "OUT_OF_MEMORY"]);
    expect(end.failure?.message).toMatch(/it held \d+ MiB; the limit is 300 MiB/);
    router.dispatch("after", "echo");
    expect((await router.end("after")).outcome).toBe(Outcome.SUCCEEDED);
  });

  it("again and again before its code is loaded ends the replica, which never was ready", async () => {
    const { replicaId, address, ended } = await startAgent({ environment: "deadly" });
    const router = new ScriptedRouter(address);
    router.dispatch("x", "echo");
    const end = await router.end("x");
    expect([end.outcome, end.failure?.reason]).toEqual([Outcome.LOST, "REPLICA_LOST"]);
    expect(await ended).toMatch(/died again and again before the code was loaded: exit code 9/);
    const states = announcements.filter((heard) => heard.replicaId === replicaId).map(({ state }) => state);
    expect(states).not.toContain(ReplicaState.READY);
  });
});

describe("an attempt that ignores its cancellation", () => {
  const cancel = (router: ScriptedRouter, executionId: string): void =>
    router.say((frame) => frame.cancellations.push({ $typeName: "hearth.v1.AttemptKey", executionId, attempt: 1 }));

  it("is given up by name, and another runner serves the next", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("first", "echo");
    const { runnerPid } = await router.end("first");
    router.dispatch("x", "deaf");
    await taken(router, 1);
    cancel(router, "x");
    const end = await router.end("x");
    expect([end.outcome, end.failure?.reason]).toEqual([Outcome.CANCELLED, "CANCELLED"]);
    await until(() => expect(router.free).toBe(1));
    router.dispatch("next", "echo");
    const next = await router.end("next");
    expect(next.outcome).toBe(Outcome.SUCCEEDED);
    expect(next.runnerPid).not.toBe(runnerPid);
  });

  it("does its neighbours no harm: nothing new comes until they have ended, and then the runner is replaced", async () => {
    const router = new ScriptedRouter((await startAgent({ concurrency: 2 })).address);
    router.dispatch("first", "echo");
    await router.end("first");
    router.dispatch("x", "deaf");
    router.dispatch("neighbour", "hold");
    await taken(router, 2);
    cancel(router, "x");
    await router.end("x");
    expect(router.free).toBe(0);
    cancel(router, "neighbour");
    expect((await router.end("neighbour")).outcome).toBe(Outcome.CANCELLED);
    await until(() => expect(router.free).toBe(2));
    router.dispatch("next", "echo");
    expect((await router.end("next")).outcome).toBe(Outcome.SUCCEEDED);
  });

  it("and lets nothing else run costs its neighbours the attempt, of which it is not said that they were alone", async () => {
    const router = new ScriptedRouter((await startAgent({ concurrency: 2 })).address);
    router.dispatch("first", "echo");
    await router.end("first");
    router.dispatch("neighbour", "deaf");
    router.dispatch("x", "mute");
    await taken(router, 2);
    cancel(router, "x");
    await vi.waitFor(() => expect(router.ends.map(({ executionId }) => executionId)).toContain("neighbour"), 20_000);
    const end = await router.end("neighbour");
    expect([end.outcome, end.failure?.reason, end.neighbours]).toEqual([Outcome.LOST, "RUNNER_CRASHED", 1]);
  }, 30_000);
});

describe("a waiting parent", () => {
  it("lends its slot, so that one slot runs calls of any depth", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("root", "call", "3");
    // The test is the router: it runs each child on the same replica and hands its end back.
    for (const depth of [1, 2, 3]) {
      const child = await until(() => {
        expect(router.childCalls).toHaveLength(depth);
        expect(router.free).toBe(1);
        return router.childCalls[depth - 1];
      });
      router.dispatch(child?.executionId ?? "", "call", text(child?.arguments?.inline));
    }
    for (const child of router.childCalls.toReversed()) {
      const { outcome, result } = await router.end(child.executionId);
      const end = create(ExecutionEndSchema, { executionId: child.executionId, outcome });
      if (result !== undefined) end.result = result;
      router.say((frame) => frame.childEnds.push(end));
    }
    expect(text((await router.end("root")).result?.inline)).toBe("0");
  });

  it("says on whose behalf it calls", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("root", "call", "1");
    await until(() =>
      expect(router.childCalls).toMatchObject([
        { parentId: "root", runId: "root", environment: "images", task: "call" },
      ]),
    );
  });

  it("hears why its child was refused", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("root", "call", "1");
    const child = await until(() => {
      expect(router.childCalls).toHaveLength(1);
      return router.childCalls[0];
    });
    const failure = {
      $typeName: "hearth.v1.Failure",
      reason: "BACKLOG_FULL",
      message: "full",
      exceptionType: "",
      traceback: "",
    } as const;
    const rejection = {
      $typeName: "hearth.v1.ExecutionRejection",
      executionId: child?.executionId ?? "",
      failure,
      retryAfterMs: 0,
    } as const;
    router.say((frame) => frame.childRejections.push(rejection));
    expect((await router.end("root")).failure?.reason).toBe("BACKLOG_FULL");
  });

  it("that gives up a call is told of its end, with a slot again, and the child is cancelled", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("root", "give up");
    expect(text((await router.end("root")).result?.inline)).toBe("cancelled");
    const cancelled = router.frames.flatMap((frame) => frame.childCancellations);
    expect(cancelled).toEqual(router.childCalls.map(({ executionId }) => executionId));
    await until(() => expect(router.free).toBe(1));
  });

  it("that ends gives up its children", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("root", "call", "1");
    await until(() => expect(router.childCalls).toHaveLength(1));
    router.say((frame) =>
      frame.cancellations.push({ $typeName: "hearth.v1.AttemptKey", executionId: "root", attempt: 1 }),
    );
    await router.end("root");
    await until(() => {
      const cancelled = router.frames.flatMap((frame) => frame.childCancellations);
      expect(cancelled).toEqual(router.childCalls.map(({ executionId }) => executionId));
    });
  });
});

describe("a stream that breaks", () => {
  it.each<[string, (frame: AttachRequest, end: AttemptEnd) => void]>([
    ["by its receipt", (frame, { receipt }) => frame.acknowledgedReceipts.push(receipt)],
    [
      "by its attempt",
      (frame, { executionId, attempt }) =>
        frame.acknowledgedOutcomes.push({ $typeName: "hearth.v1.AttemptKey", executionId, attempt }),
    ],
  ])(
    "costs no outcome: what ended meanwhile is told on the next one, until it is acknowledged %s",
    async (_, acknowledge) => {
      const { address } = await startAgent();
      const first = new ScriptedRouter(address, { acknowledges: false });
      first.dispatch("x", "echo", "hello");
      await first.end("x");
      first.leave();
      const second = new ScriptedRouter(address, { acknowledges: false });
      const end = await second.end("x");
      expect(text(end.result?.inline)).toBe("hello");
      expect(end.receipt).toBe(first.ends[0]?.receipt);
      // A router takes an attempt that the agent does not have for lost.
      expect(second.frames[0]?.hello?.liveAttempts).toMatchObject([{ executionId: "x", attempt: 1 }]);
      second.say((frame) => acknowledge(frame, end));
      second.dispatch("y", "echo");
      await second.end("y");
      second.leave();
      const third = new ScriptedRouter(address, { acknowledges: false });
      await third.end("y");
      expect(third.ends.map(({ executionId }) => executionId)).toEqual(["y"]);
    },
  );

  it("leaves its attempts running, and the agent says which", async () => {
    const { address } = await startAgent();
    const first = new ScriptedRouter(address);
    first.dispatch("x", "hold");
    await taken(first, 1);
    first.leave();
    const second = new ScriptedRouter(address);
    await until(() => expect(second.frames[0]?.hello?.liveAttempts).toMatchObject([{ executionId: "x", attempt: 1 }]));
    const stranger = new ScriptedRouter(address, { routerId: "another router" });
    await until(() => expect(stranger.frames[0]?.hello?.liveAttempts).toEqual([]));
  });

  it("repeats the child calls that were not answered", async () => {
    const { address } = await startAgent();
    const first = new ScriptedRouter(address);
    first.dispatch("root", "call", "1");
    await until(() => expect(first.childCalls).toHaveLength(1));
    first.leave();
    const second = new ScriptedRouter(address);
    await until(() => expect(second.childCalls).toMatchObject([{ ...first.childCalls[0], askedBefore: true }]));
  });
});

describe("a router that has taken over from another", () => {
  const adoptedRouterIds = ["first"];

  it("has the attempts of the other, and hears how they end", async () => {
    const { address } = await startAgent();
    const first = new ScriptedRouter(address, { routerId: "first" });
    first.dispatch("x", "hold");
    await taken(first, 1);
    const second = new ScriptedRouter(address, { routerId: "second", adoptedRouterIds });
    await until(() => expect(second.frames[0]?.hello?.liveAttempts).toMatchObject([{ executionId: "x", attempt: 1 }]));
    second.say((frame) =>
      frame.cancellations.push({ $typeName: "hearth.v1.AttemptKey", executionId: "x", attempt: 1 }),
    );
    expect((await second.end("x")).outcome).toBe(Outcome.CANCELLED);
  });

  it("is told what had ended and was not acknowledged", async () => {
    const { address } = await startAgent();
    const first = new ScriptedRouter(address, { routerId: "first", acknowledges: false });
    first.dispatch("x", "echo", "hello");
    await first.end("x");
    const second = new ScriptedRouter(address, { routerId: "second", adoptedRouterIds });
    expect(text((await second.end("x")).result?.inline)).toBe("hello");
    expect(second.frames[0]?.hello?.liveAttempts).toMatchObject([{ executionId: "x", attempt: 1 }]);
  });

  it("is told what it asks about: what the other was asked for, of what runs and of what has ended, until it knows the end", async () => {
    const { address } = await startAgent({ concurrency: 2 });
    const first = new ScriptedRouter(address, { routerId: "first", acknowledges: false });
    first.dispatch("runs", "hold", "for a while");
    first.dispatch("ended", "echo", "hello");
    await first.end("ended");
    const second = new ScriptedRouter(address, { routerId: "second", adoptedRouterIds, acknowledges: false });
    second.askAbout("runs", "ended", "what it never had");
    await until(() => expect(second.unknownExecutions).toHaveLength(2));
    expect(second.unknownExecutions.map((request) => [request.executionId, text(request.arguments?.inline)])).toEqual([
      ["runs", "for a while"],
      ["ended", "hello"],
    ]);
    expect(second.unknownExecutions[1]).toMatchObject({ environment: "images", task: "echo", runId: "ended" });
    second.acknowledge("ended");
    second.dispatch("next", "echo");
    await second.end("next");
    second.askAbout("ended", "runs");
    await until(() => expect(second.unknownExecutions).toHaveLength(3));
    expect(second.unknownExecutions[2]?.executionId).toBe("runs");
  });

  it("is asked for the children that were not answered, and answers them", async () => {
    const { address } = await startAgent();
    const first = new ScriptedRouter(address, { routerId: "first" });
    first.dispatch("root", "call", "1");
    await until(() => expect(first.childCalls).toHaveLength(1));
    const second = new ScriptedRouter(address, { routerId: "second", adoptedRouterIds });
    await until(() => expect(second.childCalls).toHaveLength(1));
    const [{ executionId } = { executionId: "" }] = second.childCalls;
    const end = create(ExecutionEndSchema, { executionId, outcome: Outcome.SUCCEEDED });
    second.say((frame) => frame.childEnds.push(end));
    expect((await second.end("root")).outcome).toBe(Outcome.SUCCEEDED);
  });

  it("is the only one of the two that is heard", async () => {
    const { address } = await startAgent();
    const first = new ScriptedRouter(address, { routerId: "first" });
    await until(() => expect(first.slots).toBeDefined());
    const second = new ScriptedRouter(address, { routerId: "second", adoptedRouterIds });
    await until(() => expect(second.slots).toBeDefined());
    await first.closed;
    const again = new ScriptedRouter(address, { routerId: "first" });
    expect(await again.closed).toMatchObject({ reason: "ROUTER_SUPERSEDED" });
  });
});

describe("a replica that serves one execution", () => {
  it("refuses a second one, finishes the first however long that takes, and ends by itself", async () => {
    const { address, ended } = await startAgent({ singleUse: true });
    const router = new ScriptedRouter(address);
    router.dispatch("x", "hold");
    router.dispatch("y", "echo");
    await until(() => expect(router.refusals).toEqual(["y SLOTS_FULL"]));
    router.say((frame) =>
      frame.cancellations.push({ $typeName: "hearth.v1.AttemptKey", executionId: "x", attempt: 1 }),
    );
    await router.end("x");
    expect(await ended).toBe("it served its one execution");
  });

  it("ends when its runner dies", async () => {
    const { address, ended } = await startAgent({ singleUse: true });
    const router = new ScriptedRouter(address);
    router.dispatch("x", "exit");
    expect((await router.end("x")).failure?.reason).toBe("RUNNER_CRASHED");
    expect(await ended).toBe("it served its one execution");
  });
});

describe("a drain", () => {
  it("withdraws the slots, lets what runs finish, and ends the replica with its reason", async () => {
    const agent = await startAgent({ concurrency: 2 });
    const router = new ScriptedRouter(agent.address);
    router.dispatch("x", "hold");
    await taken(router, 1);
    const channel = openChannel(agent.address);
    expect(await createClient(AgentService, channel).drain({ reason: "idle for 60 s" })).toMatchObject({ running: 1 });
    channel.close();
    router.dispatch("y", "echo");
    await until(() => expect(router.refusals).toEqual(["y REPLICA_DRAINING"]));
    await until(() =>
      expect(lastOf(agent.replicaId)).toMatchObject({
        state: ReplicaState.DRAINING,
        free: 0,
        endReason: "idle for 60 s",
      }),
    );
    router.say((frame) =>
      frame.cancellations.push({ $typeName: "hearth.v1.AttemptKey", executionId: "x", attempt: 1 }),
    );
    await router.end("x");
    router.say((frame) =>
      frame.acknowledgedOutcomes.push({ $typeName: "hearth.v1.AttemptKey", executionId: "x", attempt: 1 }),
    );
    expect(await agent.ended).toBe("idle for 60 s");
    await until(() =>
      expect(lastOf(agent.replicaId)).toMatchObject({ state: ReplicaState.ENDED, endReason: "idle for 60 s" }),
    );
  });

  it("ends what still runs when the grace period is over, by name", async () => {
    const agent = await startAgent();
    const router = new ScriptedRouter(agent.address);
    router.dispatch("x", "hold");
    await taken(router, 1);
    agent.drain({ cause: "", reason: "the machine goes away" }, 50);
    const end = await router.end("x");
    expect([end.outcome, end.failure?.reason]).toEqual([Outcome.LOST, "GRACE_PERIOD_OVER"]);
  });
});

describe("bad input", () => {
  it("a stream without a hello is refused", async () => {
    const { address } = await startAgent();
    const router = new ScriptedRouter(address, { routerId: "" });
    expect(await router.closed).toMatchObject({ reason: "INVALID_REQUEST" });
  });
});

describe("an agent that is told what cannot be", () => {
  it("lives on, and so does its runner, when headers of frames have fields of wrong types", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("x", "nonsense", "one line\n");
    const { outcome, failure, startedUnixMs, runnerPid } = await router.end("x");
    expect([outcome, failure?.reason, failure?.message, startedUnixMs]).toEqual([Outcome.FAILED, "TASK_FAILED", "", 0]);
    expect(router.ends.filter(({ executionId }) => executionId === "x")).toHaveLength(1);
    router.dispatch("y", "print", "a later line\n");
    expect(await router.end("y")).toMatchObject({ outcome: Outcome.SUCCEEDED, runnerPid });
    await until(() => expect(logs.map(({ line }) => line?.text)).toContain("a later line"));
  });

  it("ends an attempt that no frame to the runner can hold, and gives its slot to the next", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    const id = "x".repeat(70_000);
    router.dispatch(id, "echo");
    expect((await router.end(id)).failure?.reason).toBe("PAYLOAD_TOO_LARGE");
    router.dispatch("large", "echo", "y".repeat(66 * 2 ** 20));
    expect((await router.end("large")).failure?.reason).toBe("PAYLOAD_TOO_LARGE");
    router.dispatch("y", "echo", "hello");
    expect(text((await router.end("y")).result?.inline)).toBe("hello");
  });

  it("tells a parent that its child's result is too large for it", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("x", "call", "1");
    const call = await until(() => router.childCalls[0] ?? expect.fail("no child was asked for"));
    router.say((frame) =>
      frame.childEnds.push(
        create(ExecutionEndSchema, {
          executionId: call.executionId,
          outcome: Outcome.SUCCEEDED,
          result: { inline: new Uint8Array(66 * 2 ** 20) },
        }),
      ),
    );
    expect((await router.end("x")).failure?.reason).toBe("PAYLOAD_TOO_LARGE");
  });
});

describe("payloads that no message holds", () => {
  const bytes = Buffer.alloc(5 * 2 ** 20, "p");
  let store: PayloadStore;
  beforeAll(() => (store = natsPayloadStore(bus)));

  it("a result goes into the object store, and its end names it", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("x", "large", `${bytes.length}`);
    const { outcome, result } = await router.end("x");
    expect([outcome, result?.inline.length, result?.stored?.sizeBytes]).toEqual([Outcome.SUCCEEDED, 0, bytes.length]);
    expect((await store.get(result?.stored?.sha256 ?? "")).length).toBe(bytes.length);
  });

  it("stored arguments reach the runner as if they had come with the dispatch", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatchStored("x", "measure", await store.put(bytes));
    expect(text((await router.end("x")).result?.inline)).toBe(`${bytes.length}`);
  });

  it("an attempt whose stored arguments are gone fails with PAYLOAD_NOT_FOUND, and its slot is free", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatchStored("x", "measure", { sha256: "0".repeat(64), sizeBytes: bytes.length });
    const { outcome, failure } = await router.end("x");
    expect([outcome, failure?.reason]).toEqual([Outcome.FAILED, "PAYLOAD_NOT_FOUND"]);
    router.dispatch("y", "echo", "hello");
    expect(text((await router.end("y")).result?.inline)).toBe("hello");
  });

  it("an attempt that is cancelled while its arguments are fetched ends as cancelled, once", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    const stored = await store.put(bytes);
    router.say((frame) => {
      frame.dispatches.push(router.stored("x", "measure", stored));
      frame.cancellations.push(create(AttemptKeySchema, { executionId: "x", attempt: 1 }));
    });
    expect((await router.end("x")).outcome).toBe(Outcome.CANCELLED);
    router.dispatch("y", "echo", "hello");
    await router.end("y");
    expect(router.ends.map(({ executionId }) => executionId)).toEqual(["x", "y"]);
  });

  it("a runner that dies after it has returned does not take a result along that is being stored", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("x", "large and exit", `${bytes.length}`);
    const { outcome, result } = await router.end("x");
    expect([outcome, result?.stored?.sizeBytes]).toEqual([Outcome.SUCCEEDED, bytes.length]);
  });

  it("arguments of a child are stored, and the result it has stored reaches its parent", async () => {
    const router = new ScriptedRouter((await startAgent()).address);
    router.dispatch("x", "call", "large");
    const call = await until(() => router.childCalls[0] ?? expect.fail("no child was asked for"));
    expect([call.arguments?.inline.length, call.arguments?.stored?.sizeBytes]).toEqual([0, 5 * 2 ** 20]);
    const end = create(ExecutionEndSchema, { executionId: call.executionId, outcome: Outcome.SUCCEEDED });
    end.result = create(PayloadSchema, { stored: await store.put(bytes) });
    router.say((frame) => frame.childEnds.push(end));
    const { result } = await router.end("x");
    expect(result?.stored?.sha256).toBe(createHash("sha256").update(bytes).digest("hex"));
  });
});
