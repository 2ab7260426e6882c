import { expect, test } from "vitest";
import { findOverdue } from "../src/core/find-overdue.ts";
import { keepWithinBudget } from "../src/core/log-budget.ts";
import {
  stepReplica,
  type Announced,
  type Replica,
  type ReplicaEvent,
  type ReplicaState,
} from "../src/core/replica.ts";

const announced: Announced = {
  address: "a:1",
  sequence: 5,
  slots: 3,
  free: 3,
  busy: 0,
  lent: 0,
  idleSinceMs: 1,
  executions: 0,
  memoryBytes: 0,
  agentPid: 1,
  runnerPid: 2,
};
const events = {
  started: { kind: "started" },
  ready: { kind: "announcedReady", announced },
  drainAsked: { kind: "drainAsked", cause: "IDLE_TTL", reason: "asked" },
  draining: { kind: "announcedDraining", announced, cause: "STOPPED", reason: "by itself" },
  gone: { kind: "gone", cause: "EXITED", reason: "crashed" },
} satisfies Record<string, ReplicaEvent>;

function inState(state: ReplicaState): Replica {
  return {
    id: "r",
    environment: "e",
    pool: "e",
    version: "v",
    state,
    startCause: "BACKLOG",
    startReason: "",
    endCause: undefined,
    endReason: "",
    replaces: undefined,
    createdAtMs: 0,
    readyAtMs: undefined,
    drainingAtMs: undefined,
    endedAtMs: undefined,
    slots: 1,
    announced: undefined,
    heardAtMs: 0,
  };
}

test.each<[ReplicaState, keyof typeof events, ReplicaState]>([
  ["requested", "started", "starting"],
  ["requested", "ready", "ready"],
  ["requested", "gone", "ended"],
  ["starting", "ready", "ready"],
  ["starting", "drainAsked", "draining"],
  ["starting", "gone", "ended"],
  ["ready", "drainAsked", "draining"],
  ["ready", "draining", "draining"],
  ["ready", "started", "ready"],
  ["draining", "ready", "draining"],
  ["draining", "drainAsked", "draining"],
  ["draining", "gone", "ended"],
  ["ended", "ready", "ended"],
  ["ended", "started", "ended"],
])("a %s replica that hears %s is %s", (from, event, to) => {
  expect(stepReplica(inState(from), events[event], 7).state).toBe(to);
});

test("a stale announcement shows that the agent lives and nothing else", () => {
  const ready = stepReplica(inState("starting"), events.ready, 10);
  const stale = stepReplica(ready, { kind: "announcedReady", announced: { ...announced, sequence: 4, free: 0 } }, 20);
  expect(stale).toMatchObject({ heardAtMs: 20, announced: { sequence: 5, free: 3 } });
});

test("the reason of a drain survives the end", () => {
  const draining = stepReplica(inState("ready"), events.drainAsked, 10);
  expect(stepReplica(draining, events.gone, 20)).toMatchObject({
    endCause: "IDLE_TTL",
    endReason: "asked",
    endedAtMs: 20,
  });
});

const limits = { startTimeoutMs: 60_000, drainGraceMs: 30_000, replacedGraceMs: 600_000 };

test.each([
  { state: "ready", atMs: 4_999, overdue: undefined },
  { state: "ready", atMs: 5_000, overdue: "it was lost: not heard of for 5 s" },
  { state: "starting", atMs: 59_999, overdue: undefined },
  { state: "starting", atMs: 60_000, overdue: "it was not ready 60 s after its start" },
] as const)("a $state replica silent for $atMs ms: $overdue", ({ state, atMs, overdue }) => {
  expect(findOverdue(inState(state), atMs, limits)?.reason).toBe(overdue);
});

test("a drained replica that outstays its grace period is stopped", () => {
  const draining = { ...inState("draining"), drainingAtMs: 0 };
  expect(findOverdue(draining, 34_999, limits)).toBeUndefined();
  expect(findOverdue(draining, 35_000, limits)?.reason).toBe("it outstayed its grace period");
});

test.each(["ROLL_OUT", "RECYCLED"] as const)("one that makes way for another (%s) may take its time", (endCause) => {
  const draining = { ...inState("draining"), drainingAtMs: 0, endCause };
  expect(findOverdue(draining, 604_999, limits)).toBeUndefined();
  expect(findOverdue(draining, 605_000, limits)?.reason).toBe("it outstayed its grace period");
});

test("an execution keeps its first lines and one that says there were more", () => {
  const lines = ["a", "b", "c", "d"].map((text) => ({
    runId: "run",
    executionId: "x",
    attempt: 1,
    unixMs: 1,
    stream: "stdout",
    text,
  }));
  const kept = keepWithinBudget(lines, new Map([["x", 1]]), 3);
  expect(kept.map(({ text }) => text)).toEqual(["a", "b", "(further lines are not kept: an execution keeps 3 lines)"]);
});
