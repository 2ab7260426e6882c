import { ExecutionPhase, Outcome, type ReadLogsResponse, type Run, type WatchRunResponse } from "@hearth/proto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { newId } from "@hearth/ids";
import { openDatabase } from "../src/io/sql/open-database.ts";
import { eventually } from "./support/eventually.ts";
import { dispatched, ended, startRouterTwin, type RouterTwin } from "./support/router-twin.ts";
import { bundle, bundleSha256, deploy, startSystem, type System } from "./support/system.ts";

let system: System;
let router: RouterTwin;

beforeAll(async () => {
  system = await startSystem();
  await system.bundles().uploadBundle({ sha256: bundleSha256, data: bundle });
  const tasks = ["task", "refused"].map((name) => ({ name, entrypoint: `module:${name}` }));
  await deploy(system, { name: "env-1", tasks });
  router = await startRouterTwin(system.bus);
});

beforeEach(() => {
  router.journals = true;
});

afterAll(async () => {
  await router.stop();
  await system.stop();
});

async function createRun(changes: object = {}): Promise<Run> {
  const { run } = await system.runs().createRun({ execution: { environment: "env-1", task: "task", ...changes } });
  if (run === undefined) throw new Error("no run");
  return run;
}

async function historyOf(name: string): Promise<Run | undefined> {
  return (await system.runs().getRun({ name })).run;
}

function childAccepted({ name }: Run, executionId: string): Parameters<RouterTwin["journal"]>[0] {
  const execution = { executionId, environment: "env-1", task: "task", runId: name, parentId: name };
  return { case: "accepted", value: { execution } };
}

async function endedRun(name: string): Promise<Run> {
  return eventually("the run has ended", async () => {
    const run = await historyOf(name);
    return run?.endedAt === undefined ? undefined : run;
  });
}

/** Changes that a reader is told of one by one: many more than fit into what two ends of a connection hold. */
const rounds = 60;

/** What a stream still has. */
async function rest<T>(stream: AsyncIterator<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const message of { [Symbol.asyncIterator]: () => stream }) found.push(message);
  return found;
}

describe("creating a run", () => {
  test("answers with the accepted run and its page, before the history knows of it", async () => {
    router.journals = false;
    const run = await createRun();
    expect(run).toMatchObject({ environment: "env-1", task: "task", phase: ExecutionPhase.QUEUED });
    expect(run.url).toBe(`${system.httpUrl()}/runs/${run.name}`);
    expect(await historyOf(run.name)).toMatchObject({ name: run.name });
    expect(await system.runs().listExecutions({ run: run.name })).toMatchObject({ executions: [{ id: run.name }] });
    expect((await fetch(run.url)).status).toBe(200);
  });

  test("says why its execution waits", async () => {
    const run = await createRun();
    const { executions } = await system.runs().listExecutions({ run: run.name });
    expect(executions[0]?.waitReason).toBe("nothing has been asked for");
    expect(await (await fetch(run.url)).text()).toContain("nothing has been asked for");
  });

  test("asked again with the same id answers with the same run", async () => {
    const executionId = newId(Date.now());
    const first = await createRun({ executionId });
    expect((await createRun({ executionId })).name).toBe(first.name);
    expect(router.accepted.filter((execution) => execution.executionId === executionId)).toHaveLength(1);
  });

  test("asked again with the same idempotency key answers with the run there is", async () => {
    const first = await createRun({ idempotencyKey: "once" });
    await router.journal(dispatched(first.name), ended(first.name));
    await endedRun(first.name);
    expect(await createRun({ idempotencyKey: "once" })).toMatchObject({
      name: first.name,
      phase: ExecutionPhase.SUCCEEDED,
    });
  });

  test("passes the caller's trace on to the router", async () => {
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    const { name } = await createRun({ traceparent });
    expect(router.accepted.find(({ executionId }) => executionId === name)).toMatchObject({ traceparent });
  });

  test.each([
    { reason: "ENVIRONMENT_NOT_FOUND", change: { environment: "nobody" } },
    { reason: "TASK_NOT_FOUND", change: { task: "nothing" } },
    { reason: "INVALID_EXECUTION", change: { runId: "x" } },
    { reason: "INVALID_EXECUTION", change: { parentId: "x" } },
    { reason: "INVALID_EXECUTION", change: { executionId: "no ULID" } },
    { reason: "BACKLOG_FULL", change: { task: "refused" } },
  ])("$change is refused as $reason", async ({ reason, change }) => {
    await expect(createRun(change)).rejects.toMatchObject({ reason });
  });
});

describe("the history of a run", () => {
  test("tells where each execution ran, how long it waited and why, and how it ended", async () => {
    const run = await createRun();
    const child = newId(Date.now());
    await router.journal(dispatched(run.name), childAccepted(run, child));
    await router.journal(dispatched(child), ended(child, "<script>alert(1)</script>"), ended(run.name));
    const history = await endedRun(run.name);
    expect(history).toMatchObject({
      phase: ExecutionPhase.SUCCEEDED,
      executions: { queued: 0, running: 0, succeeded: 1, failed: 1 },
    });
    expect(Buffer.from(history.result?.inline ?? []).toString()).toBe("42");
    const { executions } = await system.runs().listExecutions({ run: run.name });
    expect(executions[1]).toMatchObject({
      id: child,
      parentId: run.name,
      phase: ExecutionPhase.FAILED,
      failure: { reason: "TASK_FAILED" },
      attempts: [
        { replicaId: "replica-7", runnerPid: 4242, cold: true, waitReason: "all 8 slots busy, at max replicas" },
      ],
    });
    const page = await (await fetch(run.url)).text();
    for (const text of ["replica-7", "pid 4242", "cold", "all 8 slots busy", "Traceback!", "&lt;script&gt;"]) {
      expect(page).toContain(text);
    }
    expect(page).not.toContain("<script>");
    expect(page).not.toContain('http-equiv="refresh"');
  });

  test("does not change when the journal says it twice, and goes on where a restart left it", async () => {
    const run = await createRun();
    await router.journal(dispatched(run.name), ended(run.name));
    await router.journal(dispatched(run.name), ended(run.name, "a second end"));
    const before = await endedRun(run.name);
    await system.restart();
    const later = await createRun();
    await router.journal(ended(later.name));
    await endedRun(later.name);
    const after = await historyOf(run.name);
    expect(after).toEqual({ ...before, url: after?.url });
  });

  test("is made again from the journal when that is asked for, and only then", async () => {
    const run = await createRun();
    await router.journal(dispatched(run.name), ended(run.name));
    const before = await endedRun(run.name);
    const forget = async (): Promise<void> => {
      const database = await openDatabase(system.database);
      for (const table of ["attempts", "executions"] as const) await database.deleteFrom(table).execute();
      await database.destroy();
    };
    await system.restart({ HEARTH_REPLAY_JOURNAL: "true" }, forget);
    const again = await eventually("it is there again", async () => {
      const found = await historyOf(run.name).catch(() => undefined);
      return found?.endedAt === undefined ? undefined : found;
    });
    expect(again).toEqual({ ...before, url: again.url });
    await system.restart({}, forget);
    const last = await createRun();
    await router.journal(ended(last.name));
    await endedRun(last.name);
    await expect(historyOf(run.name)).rejects.toMatchObject({ reason: "RUN_NOT_FOUND" });
  });

  test("is followed until the run has ended, with the executions that changed", async () => {
    const run = await createRun();
    await eventually("the history has it", async () =>
      (await system.runs().listRuns({})).runs.some(({ name }) => name === run.name) ? true : undefined,
    );
    const phases: ExecutionPhase[] = [];
    const watching = (async () => {
      for await (const state of system.runs().watchRun({ name: run.name, executions: true })) {
        phases.push(...state.executions.map(({ phase }) => phase));
      }
    })();
    await eventually("it is watched", () => phases[0]);
    await router.journal(dispatched(run.name));
    await eventually("it runs", () => (phases.includes(ExecutionPhase.RUNNING) ? true : undefined));
    await router.journal(ended(run.name));
    await watching;
    expect(phases).toEqual([ExecutionPhase.QUEUED, ExecutionPhase.RUNNING, ExecutionPhase.SUCCEEDED]);
  });

  test("comes in messages of bounded size when thousands of its executions changed at once", async () => {
    const run = await createRun();
    const changed = new Set<string>();
    const sizes: number[] = [];
    const watching = (async () => {
      for await (const { executions } of system.runs().watchRun({ name: run.name, executions: true })) {
        executions.forEach(({ id }) => changed.add(id));
        sizes.push(executions.length);
      }
    })();
    await eventually("it is watched", () => sizes[0]);
    const children = Array.from({ length: 3_000 }, () => newId(Date.now()));
    await router.journal(...children.map((id) => childAccepted(run, id)));
    await eventually("all were told", () => (changed.size === 3_001 ? true : undefined));
    await router.journal(ended(run.name));
    await watching;
    expect(Math.max(...sizes)).toBe(500);
  });

  test("a watcher that does not read gets what it missed as one, and the last state", async () => {
    const run = await createRun();
    const failure = { reason: "TASK_FAILED", message: "", exceptionType: "E", traceback: "x".repeat(30_000) };
    const state = ({ executions }: WatchRunResponse): number => executions[0]?.attempts.length ?? 0;
    const watch = (): AsyncIterator<WatchRunResponse> =>
      system.runs().watchRun({ name: run.name, executions: true })[Symbol.asyncIterator]();
    const [idle, reading] = [watch(), watch()];
    await idle.next();
    for (let number = 1, seen = 0; number <= rounds; number += 1) {
      const attempt = { executionId: run.name, attempt: number, outcome: Outcome.FAILED, failure };
      await router.journal(dispatched(run.name, number), { case: "attemptEnded", value: attempt });
      while (seen < number) seen = state((await reading.next()).value as WatchRunResponse);
    }
    await router.journal(ended(run.name));
    const missed = await rest(idle);
    expect(missed.length).toBeLessThan(rounds);
    expect(missed.at(-1)).toMatchObject({ run: { phase: ExecutionPhase.SUCCEEDED } });
    expect(state(missed.at(-1) as WatchRunResponse)).toBe(rounds);
    await rest(reading);
  });

  test("has what the tasks printed, and those who follow get the rest before it ends", async () => {
    const run = await createRun();
    const line = (text: string) => ({ executionId: run.name, attempt: 1, unixMs: 1, stream: "stdout", text });
    await router.print(run.name, line("one"), line("two"));
    const texts: string[] = [];
    const following = (async () => {
      for await (const { lines } of system.runs().readLogs({ run: run.name, follow: true })) {
        texts.push(...lines.map(({ text }) => text));
      }
    })();
    await eventually("the first lines came", () => texts[1]);
    await router.print(run.name, line("three & <four>"));
    await router.journal(ended(run.name));
    await following;
    expect(texts).toEqual(["one", "two", "three & <four>"]);
    expect(await (await fetch(run.url)).text()).toContain("three &amp; &lt;four&gt;");
  });

  test("of lines that a follower does not read, the server holds few: the others wait in the history", async () => {
    const run = await createRun();
    const line = (text: string) => ({ executionId: run.name, attempt: 1, unixMs: 1, stream: "stdout", text });
    const follow = (): AsyncIterator<ReadLogsResponse> =>
      system.runs().readLogs({ run: run.name, follow: true })[Symbol.asyncIterator]();
    await router.print(run.name, line("first"));
    const [idle, reading] = [follow(), follow()];
    await Promise.all([idle.next(), reading.next()]);
    for (let round = 1; round <= rounds; round += 1) {
      await router.print(run.name, ...Array.from({ length: 20 }, () => line(`${round} ${"x".repeat(4_000)}`)));
      await reading.next();
    }
    await router.journal(ended(run.name));
    const missed = await rest(idle);
    expect(missed.length).toBeLessThan(rounds);
    expect(missed.flatMap(({ lines }) => lines.map(({ text }) => Number.parseInt(text)))).toEqual(
      Array.from({ length: 20 * rounds }, (_, index) => 1 + Math.floor(index / 20)),
    );
    await rest(reading);
  });

  test("is listed newest first, page by page", async () => {
    const names = [await createRun(), await createRun(), await createRun()].map(({ name }) => name).reverse();
    const pageOf = (pageToken: string) => system.runs().listRuns({ environment: "env-1", pageSize: 2, pageToken });
    const listed = await eventually("the history has all three", async () => {
      const first = await pageOf("");
      const second = await pageOf(first.nextPageToken);
      const all = [...first.runs, ...second.runs].map(({ name }) => name).slice(0, 3);
      return all.includes(names[0] ?? "") ? all : undefined;
    });
    expect(listed).toEqual(names);
  });

  test("is refused for a page token that was never given out, or a page that is too large", async () => {
    for (const request of [{ pageToken: "made up" }, { pageSize: 1_001 }]) {
      await expect(system.runs().listRuns(request)).rejects.toMatchObject({ reason: "INVALID_REQUEST" });
    }
  });

  test("of an unknown run answers RUN_NOT_FOUND", async () => {
    const name = newId(Date.now());
    const refused = { reason: "RUN_NOT_FOUND" };
    await expect(system.runs().getRun({ name })).rejects.toMatchObject(refused);
    await expect(system.runs().cancelRun({ name })).rejects.toMatchObject(refused);
    await expect(system.runs().listExecutions({ run: name })).rejects.toMatchObject(refused);
    expect((await fetch(`${system.httpUrl()}/runs/${name}`)).status).toBe(404);
  });
});

test("cancelling a run asks its router", async () => {
  const { name } = await createRun();
  await system.runs().cancelRun({ name });
  expect(router.cancelled).toContain(name);
});
