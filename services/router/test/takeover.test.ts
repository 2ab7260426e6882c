import { Readable } from "node:stream";
import { create, toBinary } from "@bufbuild/protobuf";
import { buckets, connectBus, type Bus } from "@hearth/bus";
import { newId } from "@hearth/ids";
import {
  CatalogueEntrySchema,
  ExecutionPhase,
  ExecutionRequestSchema,
  Outcome,
  ReplicaState,
  type Dispatch,
  type ExecutionEnd,
} from "@hearth/proto";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { Kvm } from "@nats-io/kv";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startRouterProcess, type RouterProcess } from "./router-process.ts";
import { ScriptedAgent } from "./scripted-agent.ts";

const long = { timeout: 30_000 };
/** Longer than it takes to notice that a router is gone and to take over. */
const takeover = { timeout: 15_000, interval: 50 };

let nats: NatsEngine;
let bus: Bus;
let agent: ScriptedAgent;
let announcing: NodeJS.Timeout;
let routers: RouterProcess[];
const environment = "crowd";

// What a router leaves behind is the next one's: every test has a NATS of its own.
beforeEach(async () => {
  nats = await startNats();
  bus = await connectBus({ url: nats.url, name: "test" });
  const version = { id: "v1", spec: { name: environment, tasks: [{ name: "echo" }] } };
  const entry = create(CatalogueEntrySchema, { environment: { name: environment, version } });
  const bucket = await new Kvm(bus.connection).create(buckets.catalogue);
  await bucket.put(environment, toBinary(CatalogueEntrySchema, entry));
  routers = [];
  agent = new ScriptedAgent({ bus, replicaId: "r1", environment, slots: 4 });
  // It has what it took, until the test says otherwise.
  agent.onDispatch = ({ executionId, attempt }) =>
    void agent.live.push({ $typeName: "hearth.v1.AttemptKey", executionId, attempt });
  await agent.start();
  announcing = setInterval(() => agent.announce(ReplicaState.READY), 500);
});

afterEach(async () => {
  clearInterval(announcing);
  nats.resume();
  await Promise.all(routers.map((router) => router[Symbol.asyncDispose]()));
  await agent.stop();
  await bus.close();
  await nats.stop();
});

async function startRouter(port = 0): Promise<RouterProcess> {
  const router = await startRouterProcess(nats.url, port);
  routers.push(router);
  return router;
}

function echo(text: string, more: object = {}): { execution: object } {
  return { execution: { environment, task: "echo", arguments: { inline: Buffer.from(text) }, ...more } };
}

/** Submits an execution and waits until the agent has it. */
async function submit(router: RouterProcess, text: string): Promise<Dispatch> {
  const { executionId } = await router.client.submit(echo(text));
  const taken = (): Dispatch | undefined => agent.dispatched.find((dispatch) => dispatch.executionId === executionId);
  await vi.waitFor(() => expect(taken()).toBeDefined(), takeover);
  return taken() as Dispatch;
}

function resultOf(end: { readonly result?: { readonly inline: Uint8Array } | undefined } | undefined): string {
  return Buffer.from(end?.result?.inline ?? []).toString();
}

describe("when a router is killed", long, () => {
  it("another one goes on with what runs, which does not run again", async () => {
    const [first, second] = [await startRouter(), await startRouter()];
    const dispatch = await submit(first, "kept");
    first.signal("SIGKILL");
    await vi.waitFor(async () => {
      const { execution } = await second.client.getExecution({ executionId: dispatch.executionId, onlyHere: true });
      expect(execution?.phase).toBe(ExecutionPhase.RUNNING);
    }, takeover);
    agent.succeed(dispatch);
    await vi.waitFor(async () => {
      const { execution } = await second.client.getExecution({ executionId: dispatch.executionId });
      expect(execution?.phase).toBe(ExecutionPhase.SUCCEEDED);
      expect(resultOf(execution)).toBe("kept");
    }, takeover);
    expect(agent.dispatched.filter(({ executionId }) => executionId === dispatch.executionId)).toHaveLength(1);
    expect(agent.adoptedRouterIds()).not.toEqual([]);
  });

  it("who asks another one under the same id gets the outcome, though it was not taken over yet", async () => {
    const [first, second] = [await startRouter(), await startRouter()];
    const dispatch = await submit(first, "asked again");
    first.signal("SIGKILL");
    const asked = second.client.execute(echo("asked again", { executionId: dispatch.executionId, askedBefore: true }));
    await vi.waitFor(() => expect(agent.adoptedRouterIds()).not.toEqual([]), takeover);
    agent.succeed(dispatch);
    const { end } = await asked;
    expect([end?.outcome, resultOf(end)]).toEqual([Outcome.SUCCEEDED, "asked again"]);
    expect(agent.dispatched).toHaveLength(1);
  });

  it("what waited is sent out by the one that takes over", async () => {
    clearInterval(announcing);
    const [first, second] = [await startRouter(), await startRouter()];
    const { executionId } = await first.client.submit(echo("waited"));
    first.signal("SIGKILL");
    announcing = setInterval(() => agent.announce(ReplicaState.READY), 500);
    await vi.waitFor(() => expect(agent.dispatched).toHaveLength(1), takeover);
    agent.succeed(agent.dispatched[0] as Dispatch);
    await vi.waitFor(async () => {
      const { execution } = await second.client.getExecution({ executionId });
      expect(resultOf(execution)).toBe("waited");
    }, takeover);
  });

  it("the outcome it had told is told again by the one that takes over", async () => {
    const [first, second] = [await startRouter(), await startRouter()];
    const dispatch = await submit(first, "told");
    agent.succeed(dispatch);
    const { executionId } = dispatch;
    await vi.waitFor(async () => {
      const { execution } = await first.client.getExecution({ executionId });
      expect(execution?.phase).toBe(ExecutionPhase.SUCCEEDED);
      // The journal has it once the agent may forget it.
      expect(agent.received.some(({ acknowledgedOutcomes }) => acknowledgedOutcomes.length > 0)).toBe(true);
    }, takeover);
    agent.live = [];
    first.signal("SIGKILL");
    const { end } = await second.client.execute(echo("told", { executionId, askedBefore: true }));
    expect(resultOf(end)).toBe("told");
    expect(agent.dispatched).toHaveLength(1);
  });

  it("one that is started at its address takes over at once", async () => {
    const first = await startRouter();
    const { executionId } = await submit(first, "again");
    first.signal("SIGKILL");
    await first.ended;
    const second = await startRouter(first.port);
    await vi.waitFor(() => second.client.getExecution({ executionId, onlyHere: true }), { timeout: 3_000 });
  });
});

describe("of two routers that are asked for the same execution at the same time", long, () => {
  const manyTimes = 40;

  /** Asks both at once, over and over, and gives how often each execution was sent out. */
  async function askBoth(more: () => object): Promise<readonly number[]> {
    const [first, second] = [await startRouter(), await startRouter()];
    agent.onDispatch = (dispatch) => agent.succeed(dispatch);
    await vi.waitFor(() => first.client.execute(echo("warm")), takeover);
    const ids: string[] = [];
    for (let time = 0; time < manyTimes; time += 1) {
      const request = echo(`both ${time}`, more());
      const ways = [first.client.execute(request), second.client.execute(request), second.client.submit(request)];
      const [one, other, submitted] = await Promise.all(ways);
      const found = [one, other].map((answer) => (answer as { end?: ExecutionEnd }).end?.executionId);
      expect(found).toEqual([found[0], found[0]]);
      expect(submitted).toMatchObject({ executionId: found[0] });
      ids.push(found[0] ?? "");
    }
    return ids.map((id) => agent.dispatched.filter(({ executionId }) => executionId === id).length);
  }

  it("one accepts it, and the other goes on there", async () => {
    const times = await askBoth(() => ({ executionId: newId(Date.now()), askedBefore: true }));
    expect(times).toEqual(Array(manyTimes).fill(1));
  });

  it("one accepts it when it has a key", async () => {
    const times = await askBoth(() => ({ idempotencyKey: newId(Date.now()) }));
    expect(times).toEqual(Array(manyTimes).fill(1));
  });

  it("one accepts it when it has an id and a key", async () => {
    const times = await askBoth(() => ({ executionId: newId(Date.now()), idempotencyKey: newId(Date.now()) }));
    expect(times).toEqual(Array(manyTimes).fill(1));
  });
});

describe("while the journal takes nothing", long, () => {
  it("a submission of what was accepted before is not answered", async () => {
    const first = await startRouter();
    await submit(first, "warm");
    nats.pause();
    const executionId = newId(Date.now());
    const executed = first.client.execute(echo("held", { executionId }));
    const taken = (): Dispatch | undefined => agent.dispatched.find((dispatch) => dispatch.executionId === executionId);
    await vi.waitFor(() => expect(taken()).toBeDefined(), takeover);
    let isAnswered = false;
    const submitted = first.client.submit(echo("held", { executionId })).then(() => (isAnswered = true));
    // It has been read by the time that what was asked later is answered.
    await first.client.getExecution({ executionId });
    expect(isAnswered).toBe(false);
    nats.resume();
    await submitted;
    agent.succeed(taken() as Dispatch);
    expect(resultOf((await executed).end)).toBe("held");
  });

  it("a result is told, since the agent that reported it can prove it and what it is of", async () => {
    const first = await startRouter();
    await submit(first, "warm");
    agent.onDispatch = (dispatch) => agent.succeed(dispatch);
    nats.pause();
    const { end } = await first.client.execute(echo("proven"));
    expect(resultOf(end)).toBe("proven");
    expect(agent.received.flatMap(({ acknowledgedOutcomes }) => acknowledgedOutcomes)).toEqual([]);
  });

  it("a result that its agent tells again is not taken for written", async () => {
    const first = await startRouter();
    await submit(first, "warm");
    agent.onDispatch = (dispatch) => {
      agent.succeed(dispatch);
      agent.succeed(dispatch);
    };
    nats.pause();
    await first.client.execute(echo("twice"));
    // What the router says to the agent of the first leaves with the second at the latest.
    await first.client.execute(echo("after that"));
    const acknowledged = (): unknown[] => agent.received.flatMap(({ acknowledgedOutcomes }) => acknowledgedOutcomes);
    expect(acknowledged()).toEqual([]);
    nats.resume();
    await vi.waitFor(() => expect(acknowledged().length).toBeGreaterThan(0), takeover);
  });

  it("a failure is told to nobody, however they ask, until it is written that no other attempt follows", async () => {
    const first = await startRouter();
    await submit(first, "warm");
    agent.onDispatch = (dispatch) => agent.fail(dispatch, "ValueError");
    nats.pause();
    const executionId = newId(Date.now());
    const failing = echo("failed", { executionId });
    let told = 0;
    const hear = (): unknown => (told += 1);
    const executed = first.client.execute(failing).then(hear);
    // It says so once it has ended.
    const isUnwritten = { reason: "JOURNAL_UNAVAILABLE" };
    await vi.waitFor(
      () => expect(first.client.getExecution({ executionId })).rejects.toMatchObject(isUnwritten),
      takeover,
    );
    const askedAgain = first.client.execute(failing).then(hear);
    const watched = (async () => {
      for await (const { execution } of first.client.watchExecution({ executionId })) {
        if (execution?.phase === ExecutionPhase.FAILED) hear();
      }
    })();
    // All of it has been read by the time that what was asked later is answered.
    await expect(first.client.getExecution({ executionId })).rejects.toMatchObject(isUnwritten);
    expect(told).toBe(0);
    nats.resume();
    await Promise.all([executed, askedAgain, watched]);
    expect(told).toBe(3);
  });
});

describe("when a router is killed before anything of an execution is in its journal", long, () => {
  /** Has the first router accept one while the journal takes nothing, and dispatch it. */
  async function executeUnwritten(first: RouterProcess, text: string): Promise<Dispatch> {
    await submit(first, "warm");
    nats.pause();
    // What is sent to NATS now it reads when it goes on. While that is on its way, what follows waits in the router.
    await dispatched(first.client.submit(echo("on its way", { executionId: newId(Date.now()) })), "on its way");
    return dispatched(first.client.execute(echo(text, { executionId: newId(Date.now()) })), text);
  }

  /** What the agent is given of it. */
  async function dispatched(answer: Promise<unknown>, text: string): Promise<Dispatch> {
    // Its connection breaks with its router.
    void answer.catch(() => undefined);
    const taken = (): Dispatch | undefined =>
      agent.dispatched.find((dispatch) => Buffer.from(dispatch.arguments?.inline ?? []).toString() === text);
    await vi.waitFor(() => expect(taken()).toBeDefined(), takeover);
    return taken() as Dispatch;
  }

  it("the one that takes over learns of the result from the agent, which it asks what it is of", async () => {
    const [first, second] = [await startRouter(), await startRouter()];
    const dispatch = await executeUnwritten(first, "told");
    agent.succeed(dispatch);
    const { executionId } = dispatch;
    await vi.waitFor(async () => {
      const { execution } = await first.client.getExecution({ executionId });
      expect(execution?.phase).toBe(ExecutionPhase.SUCCEEDED);
    }, takeover);
    first.signal("SIGKILL");
    agent.onAttach = () => agent.succeed(dispatch);
    nats.resume();
    await vi.waitFor(async () => {
      const { execution } = await second.client.getExecution({ executionId, onlyHere: true });
      expect([execution?.phase, resultOf(execution)]).toEqual([ExecutionPhase.SUCCEEDED, "told"]);
    }, takeover);
    await vi.waitFor(() => {
      const acknowledged = agent.received.flatMap(({ acknowledgedOutcomes }) => acknowledgedOutcomes);
      expect(acknowledged).toContainEqual(expect.objectContaining({ executionId, attempt: 1 }));
    }, takeover);
  });

  /** A second replica with free slots, known to routers. */
  async function startAnother(): Promise<ScriptedAgent & AsyncDisposable> {
    const other = new ScriptedAgent({ bus, replicaId: "r2", environment, slots: 4 });
    await other.start();
    const announcing = setInterval(() => other.announce(ReplicaState.READY), 500);
    return Object.assign(other, {
      async [Symbol.asyncDispose]() {
        clearInterval(announcing);
        await other.stop();
      },
    });
  }

  /** Routers look again a quarter of a second later, and ask each other for half a second. */
  async function runsNothingFor(other: ScriptedAgent): Promise<void> {
    const runs = (): void => expect(other.dispatched).not.toEqual([]);
    await expect(vi.waitFor(runs, { timeout: 1_500, interval: 50 })).rejects.toThrow();
  }

  it("who asks again for what runs is not given a second attempt, though the agent has not said yet what it has", async () => {
    const [first, second] = [await startRouter(), await startRouter()];
    const dispatch = await executeUnwritten(first, "runs");
    const { executionId } = dispatch;
    agent.holdsHello = true;
    first.signal("SIGKILL");
    nats.resume();
    await using other = await startAnother();
    const asked = second.client.execute(echo("runs", { executionId, askedBefore: true }));
    await vi.waitFor(() => expect(other.adoptedRouterIds()).not.toEqual([]), takeover);
    await runsNothingFor(other);
    agent.sayHello();
    await vi.waitFor(() => second.client.getExecution({ executionId, onlyHere: true }), takeover);
    agent.succeed(dispatch);
    expect(resultOf((await asked).end)).toBe("runs");
    expect(other.dispatched).toEqual([]);
  });

  it("a call that is told again is not given one either", async () => {
    const [first, second] = [await startRouter(), await startRouter()];
    const dispatch = await executeUnwritten(first, "called");
    const { executionId, runId } = dispatch;
    agent.holdsHello = true;
    first.signal("SIGKILL");
    nats.resume();
    await using other = await startAnother();
    const call = create(ExecutionRequestSchema, { ...echo("called").execution, executionId, runId, askedBefore: true });
    await vi.waitFor(() => expect(other.adoptedRouterIds()).not.toEqual([]), takeover);
    other.say((frame) => frame.childCalls.push(call));
    await runsNothingFor(other);
    agent.sayHello();
    await vi.waitFor(() => second.client.getExecution({ executionId, onlyHere: true }), takeover);
    agent.succeed(dispatch);
    await vi.waitFor(() => {
      expect(other.received.flatMap(({ childEnds }) => childEnds)).toMatchObject([{ executionId }]);
    }, takeover);
    expect(other.dispatched).toEqual([]);
  });
});

describe("when a router stands still for too long", long, () => {
  it("another one takes over, and it ends itself when it goes on", async () => {
    const [first, second] = [await startRouter(), await startRouter()];
    const { executionId } = await submit(first, "stopped");
    first.signal("SIGSTOP");
    await vi.waitFor(() => second.client.getExecution({ executionId, onlyHere: true }), takeover);
    first.signal("SIGCONT");
    expect(await first.ended).toBe(1);
  });
});

describe("when a router leaves", long, () => {
  it("another one has what was not ended at once", async () => {
    const [first, second] = [await startRouter(), await startRouter()];
    const { executionId } = await submit(first, "left");
    first.signal("SIGTERM");
    expect(await first.ended).toBe(0);
    await vi.waitFor(() => second.client.getExecution({ executionId, onlyHere: true }), { timeout: 3_000 });
  });
});

describe("when a router leaves, a call of what it still has", long, () => {
  it("is not refused", async () => {
    const [first, second] = [await startRouter(), await startRouter()];
    const { executionId: parentId, runId } = await submit(first, "parent");
    first.signal("SIGTERM");
    const executionId = newId(Date.now());
    const call = create(ExecutionRequestSchema, { ...echo("child").execution, executionId, parentId, runId });
    agent.say((frame) => frame.childCalls.push(call));
    expect(await first.ended).toBe(0);
    await vi.waitFor(() => second.client.getExecution({ executionId, onlyHere: true }), takeover);
    expect(agent.received.flatMap(({ childRejections }) => childRejections)).toEqual([]);
  });
});

describe("any router", long, () => {
  it("shows and cancels what another one has", async () => {
    const [first, second] = [await startRouter(), await startRouter()];
    const { executionId } = await submit(first, "elsewhere");
    const { execution } = await second.client.getExecution({ executionId });
    expect(execution?.phase).toBe(ExecutionPhase.RUNNING);
    await second.client.cancelExecution({ executionId });
    await vi.waitFor(() => {
      expect(agent.received.flatMap(({ cancellations }) => cancellations)).toMatchObject([{ executionId }]);
    }, takeover);
  });

  it("follows what another one has to its end", async () => {
    const [first, second] = [await startRouter(), await startRouter()];
    const dispatch = await submit(first, "followed");
    const phases: ExecutionPhase[] = [];
    for await (const { execution } of second.client.watchExecution({ executionId: dispatch.executionId })) {
      phases.push(execution?.phase ?? ExecutionPhase.UNSPECIFIED);
      if (phases.length === 1) agent.succeed(dispatch);
    }
    expect(phases).toEqual([ExecutionPhase.RUNNING, ExecutionPhase.SUCCEEDED]);
  });

  it("has the execution of a key that another one was asked for", async () => {
    const [first, second] = [await startRouter(), await startRouter()];
    const keyed = echo("keyed", { idempotencyKey: newId(Date.now()) });
    const { executionId } = await first.client.submit(keyed);
    expect(await second.client.submit(keyed)).toMatchObject({ executionId });
    await expect(
      second.client.submit(echo("something else", { ...keyed.execution, arguments: { inline: Buffer.from("other") } })),
    ).rejects.toMatchObject({ reason: "IDEMPOTENCY_KEY_REUSED" });
  });

  it("has the execution of a key though the one that was asked for it is gone", async () => {
    const [first, second] = [await startRouter(), await startRouter()];
    const keyed = echo("keyed", { idempotencyKey: newId(Date.now()) });
    const { executionId } = await first.client.submit(keyed);
    first.signal("SIGKILL");
    expect(await second.client.submit(keyed)).toMatchObject({ executionId });
    await vi.waitFor(() => expect(agent.dispatched).toHaveLength(1), takeover);
  });

  it("answers a request of a stream under its own id, though its key stands for another one's execution", async () => {
    const [first, second] = [await startRouter(), await startRouter()];
    const idempotencyKey = newId(Date.now());
    await first.client.submit(echo("keyed", { idempotencyKey }));
    await vi.waitFor(() => expect(agent.dispatched).toHaveLength(1), takeover);
    const executionId = newId(Date.now());
    const requests = Readable.from([
      { executions: [{ ...echo("keyed", { idempotencyKey }).execution, executionId }] },
    ]) as AsyncIterable<{ executions: object[] }>;
    const answered = (async () => {
      for await (const { ends } of second.client.executeStream(requests)) return ends[0];
      return undefined;
    })();
    await vi.waitFor(() => expect(agent.dispatched).toHaveLength(1), takeover);
    agent.succeed(agent.dispatched[0] as Dispatch);
    expect(await answered).toMatchObject({ executionId, outcome: Outcome.SUCCEEDED });
  });

  it("says by a reason that it cannot be told while NATS stands still, and serves on", long, async () => {
    const first = await startRouter();
    nats.pause();
    const executionId = newId(Date.now());
    const request = { ...echo("asked").execution, executionId, askedBefore: true };
    const rejection = (async () => {
      for await (const { rejections } of first.client.executeStream(
        Readable.from([{ executions: [request] }]) as AsyncIterable<{ executions: object[] }>,
      ))
        return rejections[0];
      return undefined;
    })();
    expect(await rejection).toMatchObject({ executionId, failure: { reason: "JOURNAL_UNAVAILABLE" } });
    nats.resume();
    await vi.waitFor(() => first.client.submit(echo("after")), takeover);
  });

  it("does not know what nobody has", async () => {
    const [first] = [await startRouter(), await startRouter()];
    await expect(first.client.getExecution({ executionId: newId(Date.now()) })).rejects.toMatchObject({
      reason: "EXECUTION_NOT_FOUND",
    });
  });
});
