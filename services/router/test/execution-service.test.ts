import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { buckets, connectBus, subjects, type Bus } from "@hearth/bus";
import {
  CatalogueEntrySchema,
  DemandReportSchema,
  ExecuteStreamRequestSchema,
  ExecutionPhase,
  ExecutionRequestSchema,
  ExecutionService,
  JournalBatchSchema,
  Outcome,
  ReplicaState,
  type DemandReport,
  type Dispatch,
  type ExecuteStreamRequest,
  type JournalRecord,
} from "@hearth/proto";
import { newId } from "@hearth/ids";
import { createClient, openChannel, type RpcClient } from "@hearth/rpc";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { jetstream } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { buildRouter, type Router } from "../src/build.ts";
import { ScriptedAgent } from "./scripted-agent.ts";

const backlogMax = 1_000;

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
    ...{ backlogMax, stopGraceMs: 1_000, logLevel: "silent" },
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

/** Every test has an environment of its own. */
let environment: string;
beforeEach(async () => {
  environment = `e-${newId(Date.now())}`;
  const limited = { retryPolicy: { retries: 1 }, attemptTimeout: durationFromMs(100) };
  const tasks = [{ name: "echo" }, { name: "limited", ...limited }];
  const version = { id: "v1", spec: { name: environment, tasks } };
  const entry = create(CatalogueEntrySchema, { environment: { name: environment, version } });
  const bucket = await new Kvm(bus.connection).create(buckets.catalogue);
  await bucket.put(environment, toBinary(CatalogueEntrySchema, entry));
  // The router has it once it no longer refuses the environment but the task.
  await vi.waitFor(async () => {
    await expect(client.submit({ execution: { environment, task: "?" } })).rejects.toMatchObject({
      reason: "TASK_NOT_FOUND",
    });
  });
});

async function startAgent(slots: number, replicaId = `r-${newId(Date.now())}`): Promise<ScriptedAgent> {
  const agent = new ScriptedAgent({ bus, replicaId, environment, slots });
  await agent.start();
  return agent;
}

const echo = (text: string, more: object = {}): object => ({
  execution: { environment, task: "echo", arguments: { inline: Buffer.from(text) }, ...more },
});

/** What the journal has of an execution. */
async function journalOf(executionId: string): Promise<string[]> {
  const found: string[] = [];
  const consumer = await jetstream(bus.connection).consumers.get("HEARTH_JOURNAL");
  for await (const message of await consumer.fetch({ max_messages: 1_000, expires: 1_000 })) {
    for (const record of fromBinary(JournalBatchSchema, message.data).records) {
      if (idOf(record) !== executionId) continue;
      const { event } = record;
      found.push(event.case ?? "");
      // It may have been sent out at once.
      if (event.case === "accepted" && event.value.dispatched !== undefined) found.push("dispatched");
    }
    if (message.info.pending === 0) break;
  }
  return found;
}

function idOf(record: JournalRecord): string | undefined {
  switch (record.event.case) {
    case "accepted":
      return record.event.value.execution?.executionId;
    case "ended":
      return record.event.value.end?.executionId;
    case "dispatched":
    case "attemptEnded":
      return record.event.value.executionId;
    case "carried":
      return record.event.value.execution?.executionId;
    case "opened":
    case "sealed":
    case undefined:
      return undefined;
  }
}

describe("a router", () => {
  it("answers an execution with its outcome and result", async () => {
    await startAgent(1);
    const { end } = await client.execute(echo("hello"));
    expect(end?.outcome).toBe(Outcome.SUCCEEDED);
    expect(Buffer.from(end?.result?.inline ?? []).toString()).toBe("hello");
  });

  it("has a submitted execution in the journal when it answers", async () => {
    const { executionId } = await client.submit(echo("a"));
    expect(await journalOf(executionId)).toEqual(["accepted"]);
  });

  it("journals what happens to an execution, in order", async () => {
    await startAgent(1);
    const { end } = await client.execute(echo("a"));
    await vi.waitFor(async () => {
      expect(await journalOf(end?.executionId ?? "")).toEqual(["accepted", "dispatched", "ended"]);
    });
  });

  it("journals an execution that has a slot at once with its dispatch, and knows of both when it has ended", async () => {
    await startAgent(1);
    await client.execute(echo("a"));
    const { end } = await client.execute(echo("b"));
    const executionId = end?.executionId ?? "";
    await vi.waitFor(async () => expect(await journalOf(executionId)).toEqual(["accepted", "dispatched", "ended"]));
    const { execution } = await client.getExecution({ executionId });
    expect(execution?.attempts).toMatchObject([{ number: 1, outcome: Outcome.SUCCEEDED }]);
  });

  it("lets the agent forget an outcome by the receipt that it gave for it", async () => {
    const agent = await startAgent(1);
    agent.receipt = 7;
    await client.execute(echo("a"));
    await vi.waitFor(() => expect(agent.received.flatMap((frame) => frame.acknowledgedReceipts)).toEqual([7]));
    expect(agent.received.flatMap((frame) => frame.acknowledgedOutcomes)).toEqual([]);
  });

  it("lets an agent that gives none forget an outcome once it is journalled", async () => {
    const agent = await startAgent(1);
    const { end } = await client.execute(echo("a"));
    await vi.waitFor(() => {
      const acknowledged = agent.received.flatMap((frame) => frame.acknowledgedOutcomes);
      expect(acknowledged).toMatchObject([{ executionId: end?.executionId, attempt: 1 }]);
    });
  });

  it("shows an execution while it waits, and every change until it has ended", async () => {
    const { executionId } = await client.submit(echo("a"));
    const seen: [ExecutionPhase, string][] = [];
    for await (const { execution } of client.watchExecution({ executionId })) {
      seen.push([execution?.phase ?? ExecutionPhase.UNSPECIFIED, execution?.waitReason ?? ""]);
      if (seen.length === 1) await startAgent(1);
    }
    expect(seen[0]).toEqual([ExecutionPhase.QUEUED, "no replica is ready"]);
    expect(seen.at(-1)?.[0]).toBe(ExecutionPhase.SUCCEEDED);
    const { execution } = await client.getExecution({ executionId });
    expect(execution?.attempts).toMatchObject([
      { number: 1, cold: true, runnerPid: 7, waitReason: "no replica is ready" },
    ]);
  });

  it("runs many executions over one stream", async () => {
    await startAgent(50);
    const ids = Array.from({ length: 1_000 }, () => newId(Date.now()));
    async function* frames(): AsyncGenerator<ExecuteStreamRequest> {
      for (let at = 0; at < ids.length; at += 100) {
        const executions = ids.slice(at, at + 100).map((executionId) => ({ executionId, environment, task: "echo" }));
        yield await Promise.resolve(create(ExecuteStreamRequestSchema, { executions }));
      }
    }
    const ended: string[] = [];
    for await (const { ends, rejections } of client.executeStream(frames())) {
      expect(rejections).toEqual([]);
      ended.push(...ends.map(({ executionId }) => executionId));
    }
    expect(ended.toSorted()).toEqual(ids.toSorted());
  });

  it("tells a stream which of its executions it refuses, and runs the others", async () => {
    await startAgent(1);
    const [good, bad] = [newId(Date.now()), newId(Date.now())];
    async function* frames(): AsyncGenerator<ExecuteStreamRequest> {
      const executions = [
        { executionId: bad, environment, task: "no such task" },
        { executionId: good, environment, task: "echo" },
      ];
      yield await Promise.resolve(create(ExecuteStreamRequestSchema, { executions }));
    }
    const answers: string[] = [];
    for await (const { ends, rejections } of client.executeStream(frames())) {
      answers.push(...rejections.map((one) => `${one.executionId} ${one.failure?.reason ?? ""}`));
      answers.push(...ends.map((end) => `${end.executionId} ended`));
    }
    expect(answers.toSorted()).toEqual([`${bad} TASK_NOT_FOUND`, `${good} ended`].toSorted());
  });

  it("answers a repeated idempotency key with the same execution", async () => {
    const first = await client.submit(echo("a", { idempotencyKey: `${environment} 1` }));
    const second = await client.submit(echo("a", { idempotencyKey: `${environment} 1` }));
    expect(second.executionId).toBe(first.executionId);
    expect(await journalOf(first.executionId)).toEqual(["accepted"]);
  });

  it("answers a repeated idempotency key with the same execution, whatever id the request was given", async () => {
    const repeated = () => echo("a", { idempotencyKey: `${environment} 3`, executionId: newId(Date.now()) });
    const first = await client.submit(repeated());
    expect(await client.submit(repeated())).toMatchObject({ executionId: first.executionId });
  });

  it("refuses another request under a used idempotency key", async () => {
    await client.submit(echo("a", { idempotencyKey: `${environment} 2` }));
    const second = client.submit(echo("b", { idempotencyKey: `${environment} 2` }));
    await expect(second).rejects.toMatchObject({ reason: "IDEMPOTENCY_KEY_REUSED" });
  });

  it.each([
    ["an environment that is not deployed", { environment: "nowhere" }, "ENVIRONMENT_NOT_FOUND"],
    ["an execution id that is no ULID", { executionId: "x" }, "INVALID_EXECUTION"],
    ["an idempotency key that is too long", { idempotencyKey: "k".repeat(201) }, "INVALID_EXECUTION"],
    ["arguments over their bound", { arguments: { inline: new Uint8Array(4 * 1024 * 1024 + 1) } }, "PAYLOAD_TOO_LARGE"],
    ["more retries than there may be", { retryPolicy: { retries: 1_001 } }, "INVALID_EXECUTION"],
    ["a timeout over thirty days", { attemptTimeoutMs: 2_592_000_001 }, "INVALID_EXECUTION"],
    ["a timeout below zero", { queueTimeoutMs: -1 }, "INVALID_EXECUTION"],
    ["a deadline that is no time", { deadlineUnixMs: NaN }, "INVALID_EXECUTION"],
    ["a policy without a slot", { policyOverride: { concurrency: 0 } }, "INVALID_POLICY"],
    ["a policy whose bounds cross", { policyOverride: { minReplicas: 3, maxReplicas: 2 } }, "INVALID_POLICY"],
  ])("refuses %s", async (_what, change, reason) => {
    await expect(client.submit(echo("a", change))).rejects.toMatchObject({ reason });
  });

  it("refuses what would go over the backlog's bound, with a hint when to ask again", async () => {
    await Promise.all(Array.from({ length: backlogMax }, (_, index) => client.submit(echo(`${index}`))));
    await expect(client.submit(echo("one too many"))).rejects.toMatchObject({
      reason: "BACKLOG_FULL",
      metadata: { retryAfterMs: "1000" },
    });
  });

  it("answers with a result as large as the arguments may be", async () => {
    await startAgent(1);
    const large = "x".repeat(4 * 1024 * 1024);
    const { end } = await client.execute(echo(large));
    expect(end?.result?.inline.length).toBe(large.length);
    await vi.waitFor(async () => expect(await journalOf(end?.executionId ?? "")).toContain("ended"));
  });

  it("cancels an execution that nobody waits for any more", async () => {
    const agent = await startAgent(1);
    agent.onDispatch = () => undefined;
    const leave = new AbortController();
    const answer = client.execute(echo("a"), { signal: leave.signal }).catch(() => "left");
    await vi.waitFor(() => expect(agent.dispatched.length).toBe(1));
    leave.abort();
    await answer;
    await vi.waitFor(() => {
      const cancelled = agent.received.flatMap((frame) => frame.cancellations);
      expect(cancelled).toMatchObject([{ executionId: agent.dispatched[0]?.executionId, attempt: 1 }]);
    });
  });

  it("runs the children of an attempt and tells its agent how they ended", async () => {
    const agent = await startAgent(2);
    const child = newId(Date.now());
    agent.onDispatch = (dispatch: Dispatch) => {
      if (dispatch.executionId === child) return agent.succeed(dispatch);
      agent.say((frame) => {
        const { executionId: parentId, runId } = dispatch;
        frame.childCalls.push(
          create(ExecutionRequestSchema, { executionId: child, environment, task: "echo", parentId, runId }),
        );
      });
    };
    const { executionId: root } = await client.submit(echo("parent"));
    await vi.waitFor(() => {
      expect(agent.received.flatMap((frame) => frame.childEnds)).toMatchObject([
        { executionId: child, outcome: Outcome.SUCCEEDED },
      ]);
    });
    const { execution } = await client.getExecution({ executionId: child });
    expect([execution?.runId, execution?.parentId]).toEqual([root, root]);
  });

  it("runs children of one idempotency key once, and tells their agent the end of each under its own id", async () => {
    const agent = await startAgent(2);
    const children = [newId(Date.now()), newId(Date.now())];
    const call = (executionId: string, { executionId: parentId, runId }: Dispatch): void => {
      const idempotencyKey = `${environment} child`;
      const request = { executionId, environment, task: "echo", parentId, runId, idempotencyKey };
      agent.say((frame) => frame.childCalls.push(create(ExecutionRequestSchema, request)));
    };
    agent.onDispatch = (dispatch) => {
      if (children.includes(dispatch.executionId)) agent.succeed(dispatch);
      else children.forEach((child) => call(child, dispatch));
    };
    await client.submit(echo("parent"));
    await vi.waitFor(() => {
      const ends = agent.received.flatMap((frame) => frame.childEnds);
      expect(ends.map(({ executionId, outcome }) => [executionId, outcome]).toSorted()).toEqual(
        children.map((child) => [child, Outcome.SUCCEEDED]).toSorted(),
      );
    });
    expect(agent.dispatched.filter(({ executionId }) => children.includes(executionId))).toHaveLength(1);
  });

  it("tells an agent which of its children were refused", async () => {
    const agent = await startAgent(1);
    const child = newId(Date.now());
    agent.onDispatch = () =>
      agent.say((frame) => {
        frame.childCalls.push(create(ExecutionRequestSchema, { executionId: child, environment, task: "?" }));
      });
    await client.submit(echo("parent"));
    await vi.waitFor(() => {
      const rejections = agent.received.flatMap((frame) => frame.childRejections);
      expect(rejections).toMatchObject([{ executionId: child, failure: { reason: "TASK_NOT_FOUND" } }]);
    });
  });

  it("reports what waits to whoever scales the pool", async () => {
    const reports: DemandReport[] = [];
    const subscription = bus.subscribe(subjects.allDemand, DemandReportSchema, (report) => reports.push(report));
    await client.submit(echo("a"));
    await vi.waitFor(() => {
      const pools = reports.flatMap((report) => report.pools).filter((pool) => pool.environment === environment);
      expect(pools).toContainEqual(expect.objectContaining({ pool: environment, backlog: 1, busy: 0 }));
    });
    subscription.unsubscribe();
  });

  it("makes the attempt again elsewhere when its replica ended", async () => {
    const first = await startAgent(1);
    first.onDispatch = () => undefined;
    const answer = client.execute(echo("a"));
    await vi.waitFor(() => expect(first.dispatched.length).toBe(1));
    first.announce(ReplicaState.ENDED);
    await startAgent(1);
    const { end } = await answer;
    expect(end?.outcome).toBe(Outcome.SUCCEEDED);
    const { execution } = await client.getExecution({ executionId: end?.executionId ?? "" });
    expect(execution?.attempts.map(({ outcome }) => outcome)).toEqual([Outcome.LOST, Outcome.SUCCEEDED]);
  });

  it("makes an attempt again that failed as its retry policy says, and shows each with its cause", async () => {
    const agent = await startAgent(1);
    agent.onDispatch = (dispatch) => {
      if (dispatch.attempt < 3) agent.fail(dispatch, dispatch.attempt === 1 ? "ConnectionError" : "OSError");
      else agent.succeed(dispatch);
    };
    const retryPolicy = { retries: 5, initialBackoffMs: 1, retryOn: ["ConnectionError", "OSError"] };
    const { end } = await client.execute(echo("a", { retryPolicy }));
    expect(end?.outcome).toBe(Outcome.SUCCEEDED);
    const executionId = end?.executionId ?? "";
    const { execution } = await client.getExecution({ executionId });
    expect(execution?.attempts).toMatchObject([
      { outcome: Outcome.FAILED, failure: { exceptionType: "ConnectionError" } },
      { outcome: Outcome.FAILED, failure: { exceptionType: "OSError" } },
      { outcome: Outcome.SUCCEEDED, waitReason: "attempt 3 of 6, after TASK_FAILED: it raised" },
    ]);
    await vi.waitFor(async () => {
      const attempt = ["dispatched", "attemptEnded"];
      expect(await journalOf(executionId)).toEqual(["accepted", ...attempt, ...attempt, "dispatched", "ended"]);
    });
  });

  it("does not make again what failed for a reason that its retry policy does not name", async () => {
    const agent = await startAgent(1);
    agent.onDispatch = (dispatch) => agent.fail(dispatch, "ValueError");
    const { end } = await client.execute(echo("a", { retryPolicy: { retries: 5, retryOn: ["ConnectionError"] } }));
    expect(end).toMatchObject({ outcome: Outcome.FAILED, failure: { exceptionType: "ValueError" } });
    expect(agent.dispatched.length).toBe(1);
  });

  it("ends attempts that take longer than their task declares, which cancels them, and tries again as it declares", async () => {
    const agent = await startAgent(2);
    agent.onDispatch = () => undefined;
    const { end } = await client.execute({ execution: { environment, task: "limited" } });
    expect(end).toMatchObject({ outcome: Outcome.TIMED_OUT, failure: { reason: "ATTEMPT_TIMED_OUT" } });
    expect(agent.dispatched.map(({ attempt }) => attempt)).toEqual([1, 2]);
    await vi.waitFor(() => {
      const cancelled = agent.received.flatMap((frame) => frame.cancellations);
      expect(cancelled).toMatchObject([{ attempt: 1 }, { attempt: 2 }]);
    });
  });

  it("takes what the request says before what the task declares", async () => {
    const agent = await startAgent(1);
    agent.onDispatch = (dispatch) => agent.fail(dispatch, "ValueError");
    const request = { environment, task: "limited", retryPolicy: { retries: 0 }, attemptTimeoutMs: 60_000 };
    const { end } = await client.execute({ execution: request });
    expect(end?.outcome).toBe(Outcome.FAILED);
    expect(agent.dispatched.length).toBe(1);
  });

  it("ends what waited for its first slot for too long", async () => {
    const { end } = await client.execute(echo("a", { queueTimeoutMs: 50 }));
    expect(end).toMatchObject({ outcome: Outcome.TIMED_OUT, failure: { reason: "QUEUE_TIMED_OUT" } });
    expect(end?.failure?.message).toContain("no replica is ready");
  });

  it("does not run what is asked for after its deadline", async () => {
    const agent = await startAgent(1);
    const { end } = await client.execute(echo("a", { deadlineUnixMs: 1 }));
    expect(end).toMatchObject({ outcome: Outcome.TIMED_OUT, failure: { reason: "DEADLINE_EXCEEDED" } });
    expect((await client.execute(echo("b"))).end?.outcome).toBe(Outcome.SUCCEEDED);
    expect(agent.dispatched.length).toBe(1);
  });

  it("tells agents of a deadline, which children have too, and ends the whole tree by it", async () => {
    const agent = await startAgent(2);
    const child = newId(Date.now());
    agent.onDispatch = ({ executionId: parentId, runId }: Dispatch) => {
      if (parentId === child) return;
      const later = { deadlineUnixMs: Date.now() + 60_000 };
      agent.say((frame) =>
        frame.childCalls.push(
          create(ExecutionRequestSchema, { executionId: child, environment, task: "echo", parentId, runId, ...later }),
        ),
      );
    };
    const deadlineUnixMs = Date.now() + 1_000;
    const { end } = await client.execute(echo("parent", { deadlineUnixMs }));
    expect(end?.failure?.reason).toBe("DEADLINE_EXCEEDED");
    expect(agent.dispatched.map((dispatch) => dispatch.deadlineUnixMs)).toEqual([deadlineUnixMs, deadlineUnixMs]);
    await vi.waitFor(async () => {
      const { execution } = await client.getExecution({ executionId: child });
      expect(execution).toMatchObject({
        phase: ExecutionPhase.TIMED_OUT,
        failure: { reason: "DEADLINE_EXCEEDED" },
      });
    });
  });

  it("ends an execution that is cancelled while it waits for its next attempt", async () => {
    const agent = await startAgent(1);
    agent.onDispatch = (dispatch) => agent.fail(dispatch, "ValueError");
    const { executionId } = await client.submit(
      echo("a", { retryPolicy: { retries: 1, initialBackoffMs: 60_000, maxBackoffMs: 60_000 } }),
    );
    await vi.waitFor(async () => {
      const { execution } = await client.getExecution({ executionId });
      expect(execution?.waitReason).toBe("attempt 2 of 2 in 60 s, after TASK_FAILED: it raised");
    });
    await client.cancelExecution({ executionId });
    const { execution } = await client.getExecution({ executionId });
    expect(execution?.phase).toBe(ExecutionPhase.CANCELLED);
  });

  it("ignores what is not an announcement on the announcements' subject", async () => {
    bus.connection.publish(subjects.slots(environment), Buffer.from("not a message"));
    bus.connection.publish(subjects.slots(environment), new Uint8Array());
    await startAgent(1);
    expect((await client.execute(echo("still here"))).end?.outcome).toBe(Outcome.SUCCEEDED);
  });
});
