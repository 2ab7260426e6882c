import { completePolicy, neverRecycled, type Policy } from "@hearth/policy";
import type { Limits } from "@hearth/router/core";
import { Random, SimulatedCluster, type ClusterOptions, type ExecutionOrder, type Observer } from "@hearth/simulation";
import { allCheckers } from "./checkers/all.ts";
import type { Checker, NewChecker } from "./checkers/checker.ts";
import { FaultyNetwork } from "./faulty-network.ts";

/** A rule that did not hold. */
export interface Violation {
  readonly checker: string;
  readonly how: string;
  readonly atMs: number;
}

export interface ScenarioOutcome {
  readonly seed: number;
  readonly executions: number;
  readonly violations: readonly Violation[];
  /** What happened, when it was asked for; the last part of it. */
  readonly trail: readonly string[];
}

const environment = "env";
/** Faults happen, and executions come, for so long. */
const disturbedMs = 20_000;
/** A cluster where nothing has ended for so long, without faults, is at rest: no timeout takes longer. */
const restMs = 90_000;
const trailMax = 400;

/**
 * Makes up a cluster, its policy, its work and what goes wrong from a seed, lets it run until it is at rest, and says which
 * rules did not hold. The same seed does the same. `faulty`: machines in the place of the real ones. `onlyRouterDies`: nothing
 * else goes wrong, and the network loses nothing.
 */
export function runScenario(
  seed: number,
  options: {
    readonly faulty?: Partial<ClusterOptions>;
    readonly checkers?: readonly NewChecker[];
    readonly withTrail?: boolean;
    readonly onlyRouterDies?: boolean;
  } = {},
): ScenarioOutcome {
  const random = new Random(seed);
  const network = new FaultyNetwork(random.fork());
  const violations: Violation[] = [];
  const trail: string[] = [];
  const progress = { ended: 0 };
  const observers: Observer[] = [{ executionEnded: () => void (progress.ended += 1) }];
  let policy = makePolicy(random);
  const plan = makePlan(random, options.onlyRouterDies === true);
  const startUps = random.fork();
  const cluster = new SimulatedCluster({
    ...{ routers: random.between(1, 3), network, observer: combine(observers) },
    startUpMs: () => 50 + startUps.next() * 900,
    startFailure: () => (isDisturbed() && startUps.happens(plan.startFailureRate) ? "no room" : undefined),
    ...options.faulty,
  });
  const { queue } = cluster;
  const isDisturbed = (): boolean => queue.nowMs < disturbedMs + 10_000;
  const say = (text: string): void => {
    if (options.withTrail === true) trail.push(`${queue.nowMs.toFixed(1)} ${text}`);
    // What led to the first broken rule stays.
    if (trail.length > trailMax && violations.length === 0) trail.shift();
  };
  const checkers: Checker[] = (options.checkers ?? allCheckers).map((newChecker) =>
    newChecker({
      cluster,
      ...{ now: () => queue.nowMs, policy: () => policy, isDisturbed },
      report(checker, how) {
        say(`BROKEN ${checker}: ${how}`);
        violations.push({ checker, how, atMs: queue.nowMs });
      },
    }),
  );
  observers.push(...checkers.map(({ observer }) => observer));
  if (options.withTrail === true) observers.push(narrator(say));

  cluster.deploy(environment, "v1", policy);
  let executions = 0;
  for (let count = 0; count < plan.executions; count++) {
    const atMs = plan.isBurst ? random.pick(plan.burstsAtMs) : random.next() * disturbedMs * 0.8;
    const order = makeOrder(random, plan, atMs);
    queue.at(atMs, () => {
      if (cluster.submit(order) !== undefined) executions += 1;
    });
  }
  planFaults(random, plan, { cluster, network, say, setPolicy: (next) => (policy = next), policy: () => policy });
  queue.at(disturbedMs, () => {
    say("the faults stop");
    network.heal();
    cluster.setHearing(true);
  });
  let endedBefore = -1;
  for (let untilMs = disturbedMs + restMs; endedBefore < progress.ended; untilMs += restMs) {
    endedBefore = progress.ended;
    queue.runUntil(untilMs);
  }
  for (const checker of checkers) checker.atRest?.();
  return { seed, executions, violations, trail };
}

interface Plan {
  readonly executions: number;
  readonly isBurst: boolean;
  readonly burstsAtMs: readonly number[];
  readonly isNested: boolean;
  /** Whether executions fail, are tried again, and have bounds on their time. */
  readonly isLimited: boolean;
  readonly runs: number;
  readonly isCalm: boolean;
  readonly onlyRouterDies: boolean;
  readonly startFailureRate: number;
}

function makePlan(random: Random, onlyRouterDies: boolean): Plan {
  const isCalm = random.happens(0.2) || onlyRouterDies;
  return {
    onlyRouterDies,
    executions: random.between(5, 120),
    isBurst: random.happens(0.4),
    burstsAtMs: [0, 3_000, 3_050, 12_000],
    isNested: random.happens(0.5),
    isLimited: random.happens(0.5),
    runs: random.between(0, 4),
    isCalm,
    startFailureRate: isCalm ? 0 : random.next() * 0.4,
  };
}

function makePolicy(random: Random): Policy {
  const maxReplicas = random.between(1, 4);
  const singleUse = random.happens(0.1);
  const decision = completePolicy({
    ...{ maxReplicas, minReplicas: random.between(0, maxReplicas), singleUse },
    concurrency: singleUse ? 1 : random.between(1, 3),
    idleTtlMs: random.between(200, 8_000),
    scaledownTtlMs: random.between(100, 5_000),
    scope: random.happens(0.1) ? "run" : "global",
    bufferReplicas: random.happens(0.2) ? 1 : 0,
    recycling: random.happens(0.2) ? { ...neverRecycled, afterExecutions: random.between(2, 20) } : neverRecycled,
  });
  if (decision.kind === "invalid") throw new Error(decision.problem);
  return decision.policy;
}

function makeOrder(random: Random, plan: Plan, atMs: number, depth = 0): ExecutionOrder {
  const calls: ExecutionOrder[] = [];
  if (plan.isNested && depth < 3 && random.happens(0.4)) {
    for (let count = random.between(1, 3); count > 0; count--) calls.push(makeOrder(random, plan, atMs, depth + 1));
  }
  return {
    environment,
    work: {
      durationMs: random.happens(0.1) ? random.between(500, 3_000) : random.between(1, 200),
      calls,
      failures: plan.isLimited && random.happens(0.3) ? random.between(1, 5) : 0,
    },
    ...(plan.isLimited ? { limits: makeLimits(random, atMs) } : {}),
    ...(depth === 0 && plan.runs > 0 ? { run: `run-${random.between(1, plan.runs)}` } : {}),
    ...(random.happens(0.2) ? { affinityKey: `key-${random.between(1, 5)}` } : {}),
    ...(random.happens(0.2) ? { priority: random.between(-2, 2) } : {}),
    freshReplica: random.happens(0.03),
  };
}

function makeLimits(random: Random, atMs: number): Partial<Limits> {
  const maybe = (chance: number, min: number, max: number): number =>
    random.happens(chance) ? random.between(min, max) : Infinity;
  const backoff = { initialBackoffMs: random.between(0, 500), backoffFactor: 2, maxBackoffMs: 1_000 };
  return {
    retry: random.happens(0.5) ? { retries: random.between(0, 4), ...backoff, retryOn: [] } : undefined,
    attemptTimeoutMs: maybe(0.3, 50, 3_000),
    queueTimeoutMs: maybe(0.2, 100, 5_000),
    deadline: atMs + maybe(0.3, 0, 6_000),
  };
}

/** What the faults act on. */
interface Target {
  readonly cluster: SimulatedCluster;
  readonly network: FaultyNetwork;
  readonly say: (text: string) => void;
  readonly policy: () => Policy;
  readonly setPolicy: (policy: Policy) => void;
}

function planFaults(random: Random, plan: Plan, target: Target): void {
  const { cluster, network, say } = target;
  const { queue } = cluster;
  const chance = random.fork();
  for (let count = random.between(0, 2); count > 0; count--) {
    const version = `v${count + 1}`;
    queue.at(random.next() * disturbedMs, () => {
      if (chance.happens(0.5)) target.setPolicy({ ...makePolicy(chance), scope: target.policy().scope });
      say(`deploys ${version}`);
      cluster.deploy(environment, version, target.policy());
    });
  }
  if (plan.onlyRouterDies) {
    queue.at(1_000 + random.next() * 3_000, () => {
      const [router] = cluster.routers;
      if (router === undefined) return;
      say(`kills ${router.id}`);
      cluster.killRouter(router, chance.next() * 2_000);
    });
    return;
  }
  if (plan.isCalm) return;
  network.degrade({
    dropRate: random.next() * 0.3,
    doubleRate: random.next() * 0.3,
    delayMsMax: random.happens(0.5) ? 5 : random.between(5, 400),
    failRate: random.next() * 0.2,
  });
  const faults: readonly ((at: Random) => void)[] = [
    (at) => killOneOf(at, cluster, say),
    (at) => killRunnerOf(at, cluster, say),
    (at) => {
      say("kills the control plane");
      cluster.killControlPlane(50 + at.next() * 3_000);
    },
    (at) => breakAStream(at, cluster, say),
    (at) => partition(at, cluster, network, say),
    (at) => {
      say("NATS goes away");
      network.setNatsAway(true);
      cluster.setHearing(false);
      queue.after(at.next() * 8_000, () => {
        say("NATS is back");
        network.setNatsAway(false);
        cluster.setHearing(true);
      });
    },
    (at) => {
      const router = cluster.routers[0];
      if (router === undefined) return;
      say(`kills ${router.id}`);
      cluster.killRouter(router, at.next() * 2_000);
    },
    (at) => {
      const router = cluster.routers.at(-1);
      if (router === undefined) return;
      const forMs = at.next() * 12_000;
      say(`${router.id} stands still for ${Math.round(forMs)} ms`);
      cluster.freezeRouter(router, forMs);
    },
  ];
  for (let count = random.between(0, 12); count > 0; count--) {
    const fault = random.pick(faults);
    queue.at(random.next() * disturbedMs, () => fault(chance));
  }
}

function killOneOf(random: Random, cluster: SimulatedCluster, say: (text: string) => void): void {
  if (cluster.agents.length === 0) return;
  const agent = random.pick(cluster.agents);
  say(`kills ${agent.replicaId}`);
  agent.kill();
}

function killRunnerOf(random: Random, cluster: SimulatedCluster, say: (text: string) => void): void {
  if (cluster.agents.length === 0) return;
  const agent = random.pick(cluster.agents);
  say(`kills the runner of ${agent.replicaId}`);
  agent.killRunner();
}

function breakAStream(random: Random, cluster: SimulatedCluster, say: (text: string) => void): void {
  if (cluster.agents.length === 0 || cluster.routers.length === 0) return;
  const [router, agent] = [random.pick(cluster.routers), random.pick(cluster.agents)];
  say(`breaks the stream of ${router.id} to ${agent.replicaId}`);
  cluster.breakStream(router.id, agent.replicaId, [random.next() * 500, random.next() * 500]);
}

function partition(
  random: Random,
  cluster: SimulatedCluster,
  network: FaultyNetwork,
  say: (text: string) => void,
): void {
  const parties = [
    "controlplane",
    ...cluster.routers.map(({ id }) => id),
    ...cluster.agents.map((one) => one.replicaId),
  ];
  const [a, b] = [random.pick(parties), random.pick(parties)];
  if (a === b) return;
  say(`cuts ${a} off from ${b}`);
  network.cut(a, b);
  cluster.breakStream(a, b, [random.next() * 500, random.next() * 500]);
  cluster.breakStream(b, a, [random.next() * 500, random.next() * 500]);
}

/** One observer that tells them all. Those that come later are told too. */
function combine(observers: readonly Observer[]): Observer {
  const tell =
    (method: keyof Observer) =>
    (...args: readonly unknown[]): void => {
      for (const observer of observers) (observer[method] as ((...all: unknown[]) => void) | undefined)?.(...args);
    };
  const methods: readonly (keyof Observer)[] = [
    ...(["executionAccepted", "executionRejected", "executionWaits", "executionEnded"] as const),
    ...(["attemptDispatched", "attemptFound", "attemptEnded", "endWritten", "resultDelivered"] as const),
    ...(["agentChanged", "attemptDispatchTaken", "attemptGone", "attemptWorked", "parentResuming"] as const),
    ...(["replicaCreated", "replicaGone", "controlPlaneDid"] as const),
  ];
  return Object.fromEntries(methods.map((method) => [method, tell(method)]));
}

/** Tells the story, for a person who looks for the cause. */
function narrator(say: (text: string) => void): Observer {
  return {
    executionAccepted: ({ id, pool, runId }, router) => say(`${router} accepts ${id} of ${runId} in ${pool}`),
    attemptDispatched: ({ id }, { number, replicaId }, router) =>
      say(`${router} sends ${id}#${number} to ${replicaId}`),
    attemptFound: ({ id }, { number, replicaId }, router) => say(`${router} finds ${id}#${number} in ${replicaId}`),
    executionEnded: ({ id }, { outcome, reason }, router) => say(`${router}: ${id} ended ${outcome} ${reason}`),
    attemptWorked: (agent, id, number, what) => say(`${agent.replicaId}: ${id}#${number} ${what}`),
    parentResuming: (agent, id, what) => say(`${agent.replicaId}: parent ${id} ${what}`),
    replicaCreated: ({ id, startCause }) => say(`${id} is there (${startCause})`),
    replicaGone: (id) => say(`${id} is gone`),
    controlPlaneDid(effect) {
      if (effect.kind === "drain" || effect.kind === "stop")
        say(`control plane: ${effect.kind} ${effect.replicaId}, ${effect.reason}`);
      if (effect.kind === "decided")
        say(`control plane: ${effect.pool} ${effect.decision.kind}, ${effect.decision.reason}`);
    },
  };
}
