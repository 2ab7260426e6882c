import { Random, SimulatedCluster } from "@hearth/simulation";
import { Recorder } from "@hearth/simulation/report";
import {
  drawDurations,
  expectedArrivals,
  readTrace,
  synthesize,
  type Arrival,
  type Chance,
  type Workload,
} from "@hearth/simulation/workload";
import type { Job, JobResult, Progress } from "./job.ts";
import { record } from "./record.ts";

/** Whoever waits for a job. */
export interface Watch {
  readonly onProgress: (progress: Progress) => void;
  /** Asked again and again; once it is true the job ends with what it has. */
  readonly isStopped: () => boolean;
}

const environment = "simulated";
/** Simulations whose executions do not end by themselves are given up this long after the last arrival. */
const afterwardsMaxMs = 400 * 86_400_000;
/** Above so many replicas a decision in virtual time costs more than its few milliseconds are worth. */
const largePool = 1_000;
const decideEveryMsInLargePools = 50;
const decideEveryMsInProduction = 10;
const progressEveryMs = 200;
/** How often the clock is read, in steps of the simulation. */
const lookEverySteps = 512;
/** Time that passes at once while nothing arrives. */
const strideMs = 100;

/**
 * Simulates one policy from the first arrival to the end of the last execution, and no less than the workload is long; or, if
 * so asked, until the last replica is gone.
 */
export function runJob(job: Job, watch: Watch): JobResult {
  const startedAt = performance.now();
  const newChance = chancesOf(job.seed);
  const recorder = new Recorder();
  const cluster: SimulatedCluster = new SimulatedCluster({
    routers: job.routers,
    startUpMs: drawDurations(job.startUp, newChance("start-up")),
    decideEveryMs: job.policy.maxReplicas > largePool ? decideEveryMsInLargePools : decideEveryMsInProduction,
    backlogMax: job.backlogMax,
    // Nothing is lost here.
    heartbeats: false,
    observer: record(recorder, { slots: job.policy.concurrency, now: () => cluster.queue.nowMs }),
  });
  cluster.deploy(environment, "1", job.policy);

  const { queue } = cluster;
  const isToStop = lookAt(watch, startedAt, () => progressOf(job, recorder, queue.nowMs));
  /** Lets time pass up to a moment. False: it was stopped on the way. */
  const passTo = (moment: number): boolean => {
    while (queue.step(moment)) if (isToStop()) return false;
    queue.runUntil(moment);
    return true;
  };

  const arrive = (): boolean => {
    for (const arrival of workloadOf(job, newChance)) {
      if (!passTo(arrival.atMs)) return false;
      recorder.executionArrived();
      cluster.submit(orderOf(arrival));
    }
    return job.workload.kind === "trace" || passTo(job.workload.workload.forMs);
  };
  const end = (): boolean => {
    const isOver = job.untilAsleep ? () => recorder.isAsleep : () => recorder.isDone;
    const givesUpAt = queue.nowMs + afterwardsMaxMs;
    while (!isOver() && queue.nowMs < givesUpAt) if (!passTo(queue.nowMs + strideMs)) return false;
    return true;
  };
  const isWhole = arrive() && end();

  const endMs = queue.nowMs;
  watch.onProgress(progressOf(job, recorder, endMs));
  return {
    figures: recorder.figures(endMs),
    courses: recorder.courses(endMs),
    partial: !isWhole,
    wallMs: performance.now() - startedAt,
  };
}

function orderOf({ run, affinityKey, priority, durationMs }: Arrival): Parameters<SimulatedCluster["submit"]>[0] {
  return {
    ...{ environment, priority, work: { durationMs, calls: [] } },
    ...(run === undefined ? {} : { run }),
    ...(affinityKey === undefined ? {} : { affinityKey }),
  };
}

function workloadOf({ workload }: Job, newChance: (name: string) => Chance): Workload {
  return workload.kind === "trace" ? readTrace(workload.path) : synthesize(workload.workload, newChance);
}

function progressOf({ workload }: Job, recorder: Recorder, nowMs: number): Progress {
  const { arrived, executions } = recorder;
  if (workload.kind === "trace") return { share: undefined, executions, simulatedMs: nowMs };
  const expected = Math.max(1, expectedArrivals(workload.workload), arrived);
  const share = Math.min(1, nowMs / workload.workload.forMs, executions / expected);
  return { share, executions, simulatedMs: nowMs };
}

/** Looks around every so many steps: says how far it has come, and answers whether to stop. */
function lookAt(watch: Watch, startedAt: number, progress: () => Progress): () => boolean {
  let steps = 0;
  let toldAt = startedAt;
  return () => {
    steps += 1;
    if (steps % lookEverySteps !== 0) return false;
    const now = performance.now();
    if (now - toldAt >= progressEveryMs) {
      toldAt = now;
      watch.onProgress(progress());
    }
    return watch.isStopped();
  };
}

/** Chances by name: what is drawn from one does not shift another, so that all policies meet the same workload. */
function chancesOf(seed: number): (name: string) => Chance {
  return (name) => {
    let hash = seed ^ 0x811c9dc5;
    for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
    return new Random(hash).next;
  };
}
