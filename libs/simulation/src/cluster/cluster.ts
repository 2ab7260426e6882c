import { Slots } from "@hearth/agent/core";
import {
  PoolsMachine,
  type Environment,
  type EnvironmentSpec,
  type PoolView,
  type Replica,
  type RouterReport,
} from "@hearth/controlplane/core";
import { freshReplicaPolicy, type Policy } from "@hearth/policy";
import { RouterMachine, silentAfterMs, type EnvironmentFacts } from "@hearth/router/core";
import { EventQueue } from "../event-queue.ts";
import type { ExecutionOrder, SimulatedAnnouncement, ToAgent, ToRouter } from "./messages.ts";
import { perfectNetwork, type Network } from "./network.ts";
import type { Observer } from "./observer.ts";
import { SimulatedAgent } from "./simulated-agent.ts";
import { SimulatedJournal } from "./simulated-journal.ts";
import { SimulatedControlPlane, type ControlPlaneState } from "./simulated-control-plane.ts";
import { SimulatedRouter } from "./simulated-router.ts";
import { SimulatedStream } from "./simulated-stream.ts";

export interface ClusterOptions {
  /** Routers side by side, at least 1. */
  readonly routers: number;
  /** How long a replica takes from its start to being ready; drawn anew for each. */
  readonly startUpMs: () => number;
  /** Default: nothing is lost and nothing takes time. */
  readonly network?: Network;
  /**
   * Whether replicas announce themselves every second, and to routers whenever their slots change. Only where something may
   * be lost does anybody need that. Default true.
   */
  readonly heartbeats?: boolean;
  /** Executions without a slot in one pool of one router. Default 100,000. */
  readonly backlogMax?: number;
  /** How often the control plane decides at most. Default 10. */
  readonly decideEveryMs?: number;
  /** Why the next start of a replica fails, or undefined. Default: none does. */
  readonly startFailure?: () => string | undefined;
  /** Faulty machines instead of the real ones, for a test to see that they are found. */
  readonly newSlots?: (total: number, singleUse: boolean) => Slots<string>;
  readonly newRouterMachine?: (...options: ConstructorParameters<typeof RouterMachine>) => RouterMachine;
  readonly newPoolsMachine?: (...options: ConstructorParameters<typeof PoolsMachine>) => PoolsMachine;
  readonly observer?: Observer;
}

const defaults = {
  network: perfectNetwork(),
  heartbeats: true,
  backlogMax: 100_000,
  decideEveryMs: 10,
  observer: {} as Observer,
  newSlots: (total: number, singleUse: boolean) => new Slots<string>(total, singleUse),
  newRouterMachine: (...options: ConstructorParameters<typeof RouterMachine>) => new RouterMachine(...options),
  newPoolsMachine: (...options: ConstructorParameters<typeof PoolsMachine>) => new PoolsMachine(...options),
};

/** Ended executions a router remembers. */
const retention = { ttlMs: 600_000, countMax: 10_000, bytesMax: Infinity };

/** When a takeover did not come about, it is tried again after this long. */
const takeOverAgainMs = 250;

/** Who asked for a root. */
interface Client {
  readonly order: ExecutionOrder;
  readonly runId: string;
  /** Asked last. */
  routerId: string;
  readonly delivered: (succeeded: boolean) => void;
}

/** How long a runner takes to come back after its death. */
const runnerRestartMs = 300;
const stopMs = 20;

/** A whole Hearth in virtual time: the machines that decide are the real ones, everything between them is made up. */
export class SimulatedCluster {
  readonly queue = new EventQueue();
  readonly #options: ClusterOptions & Required<Pick<ClusterOptions, keyof typeof defaults>>;
  readonly #agents = new Map<string, SimulatedAgent>();
  /** Replicas that their provider is making; one that is stopped by then never comes. */
  readonly #starting = new Set<string>();
  readonly #routers: SimulatedRouter[] = [];
  readonly #streams = new Map<string, SimulatedStream<ToAgent, ToRouter>>();
  readonly #state: ControlPlaneState = { environments: new Map(), replicas: new Map() };
  #controlPlane: SimulatedControlPlane;
  /** Who asked for a root and has not heard how it ended. */
  readonly #clients = new Map<string, Client>();
  #ids = 0;
  #turn = 0;

  constructor(options: ClusterOptions) {
    this.#options = { ...defaults, ...options };
    this.#controlPlane = this.#newControlPlane();
    for (let index = 0; index < options.routers; index++) this.#addRouter();
  }

  /** Agents whose process lives. */
  get agents(): readonly SimulatedAgent[] {
    return [...this.#agents.values()];
  }

  get routers(): readonly SimulatedRouter[] {
    return this.#routers.filter(({ isAlive }) => isAlive);
  }

  pools(environment: string): readonly PoolView[] {
    return this.#controlPlane.pools(environment);
  }

  /** Deploys an environment, or another version or policy of it. */
  deploy(name: string, version: string, policy: Policy): void {
    const spec: EnvironmentSpec = {
      ...{ name, bundleSha256: version, tasks: [], resources: { cpu: "", memory: "" } },
      ...{ language: "node", image: { base: { kind: "debian", pythonVersion: "" }, layers: [] } },
    };
    const createdAtMs = this.queue.nowMs;
    const environment: Environment = {
      ...{ name, policy, createdAtMs, updatedAtMs: createdAtMs },
      version: { id: version, spec, createdAtMs },
    };
    this.#state.environments.set(name, environment);
    this.#controlPlane.handle({ kind: "environmentChanged", environment });
    for (const router of this.#routers) router.environmentChanged(name, factsOf(environment));
    for (const agent of this.#agents.values()) {
      if (agent.options.pool === name) this.queue.after(1, () => agent.setTotal(policy.concurrency));
    }
  }

  warmUp(environment: string, replicas: number): void {
    this.#controlPlane.handle({ kind: "warmUpAsked", environment, replicas });
  }

  /** Asks the next router in turn for an execution. Returns its id, or undefined when it was refused. */
  submit(order: ExecutionOrder): string | undefined {
    const routers = this.routers;
    const router = routers[this.#turn++ % routers.length];
    if (router === undefined) return undefined;
    const executionId = this.#newId();
    const delivered = (succeeded: boolean): void => {
      if (this.#clients.delete(executionId)) this.#options.observer.resultDelivered?.(executionId, succeeded);
    };
    this.#ask(executionId, { order, runId: order.run ?? executionId, routerId: "", delivered }, router);
    return this.#clients.has(executionId) ? executionId : undefined;
  }

  /** Roots that were accepted, and whose clients have not heard how they ended. */
  get unanswered(): readonly string[] {
    return [...this.#clients.keys()];
  }

  /** Whether anybody's announcements reach the control plane, as far as it can tell. */
  setHearing(can: boolean): void {
    this.#controlPlane.handle({ kind: "hearing", can });
  }

  /** Breaks a stream between a router and a replica, if there is one. Either side notices after a delay of its own. */
  breakStream(routerId: string, replicaId: string, noticedAfterMs: readonly [number, number]): void {
    this.#streams.get(`${routerId} ${replicaId}`)?.break(...noticedAfterMs);
  }

  /** A control plane's process dies and the next one takes over after a while. */
  killControlPlane(forMs: number): void {
    if (!this.#controlPlane.isAlive) return;
    this.#controlPlane.kill();
    this.queue.after(forMs, () => {
      this.#controlPlane = this.#newControlPlane();
    });
  }

  /** A router's process dies, and another one takes its place after a while. */
  killRouter(router: SimulatedRouter, forMs: number): void {
    this.#restartAfterMs = forMs;
    router.kill();
  }

  /** A router's process stands still. Others take over from it if that is for too long. */
  freezeRouter(router: SimulatedRouter, forMs: number): void {
    router.freeze(forMs);
    if (forMs > silentAfterMs) this.queue.after(silentAfterMs, () => this.#takeOver(router));
  }

  #restartAfterMs = 500;

  #routerDied(router: SimulatedRouter): void {
    this.queue.after(this.#restartAfterMs, () => this.#addRouter());
    if (router.journal === undefined) return;
    if (router.journal.sealedFor === undefined) this.queue.after(silentAfterMs, () => this.#takeOver(router));
    else this.#askAgain(router.id);
  }

  /** A living router reads what another one has written, writes it again, and closes that journal. */
  #takeOver(from: SimulatedRouter): void {
    const { network } = this.#options;
    const again = (): void => this.queue.after(takeOverAgainMs, () => this.#takeOver(from));
    const [to] = this.routers.filter((router) => router !== from && !router.isFrozen);
    const theirs = from.journal;
    const own = to?.journal;
    if (theirs === undefined || theirs.sealedFor !== undefined) return;
    const readMs = to === undefined ? undefined : network.call(to.id, "journal");
    if (to === undefined || own === undefined || readMs === undefined) return again();
    const length = theirs.length;
    const executions = [...theirs.read((id, routerId) => this.#isSealedFor(id, routerId)).values()];
    // Everybody looks by himself: who dies over it, or is taken over itself, does not keep the others from it.
    this.queue.after(takeOverAgainMs, again);
    const seal = (): void => {
      if (!to.isAlive || theirs.sealedFor !== undefined || theirs.length !== length) return;
      theirs.seal(to.id);
      to.adopt([...this.#adoptedBy(from.id), from.id], executions, (id) => this.#clients.get(id)?.delivered);
      this.#askAgain(from.id);
    };
    this.queue.after(readMs, () => {
      // An earlier look of its own came about: what is its own by now is not to be written as it was before.
      if (theirs.sealedFor !== undefined) return;
      const [last] = executions.slice(-1);
      for (const execution of executions) {
        own.append({ kind: "carried", execution, fromRouterId: from.id }, execution === last ? seal : undefined);
      }
      if (last === undefined) seal();
    });
  }

  /** The routers that it had taken over, each behind those that it had taken over before. */
  #adoptedBy(routerId: string): readonly string[] {
    const carriedFrom = this.#journalOf(routerId)?.adoptedIds() ?? [];
    const adopted = carriedFrom.filter((id) => this.#isSealedFor(id, routerId));
    return adopted.flatMap((id) => [...this.#adoptedBy(id), id]);
  }

  /** Connections to a router broke: its clients ask another one under the same ids, which finds who has the executions. */
  #askAgain(routerId: string): void {
    const [to] = this.routers;
    if (to === undefined) return this.queue.after(takeOverAgainMs, () => this.#askAgain(routerId));
    for (const [id, client] of this.#clients) if (client.routerId === routerId) this.#askWhoHasIt(id, client, to);
  }

  /** Nobody accepts it anew while it may be in the journal of a dead router, or a living one may find it on a replica. */
  #askWhoHasIt(id: string, client: Client, otherwise: SimulatedRouter): void {
    const has = this.routers.find((router) => router.knows(id));
    const mayBeFound = this.#routers.some(({ isAlive, journal, mayFindMore }) =>
      isAlive ? mayFindMore : journal !== undefined && journal.sealedFor === undefined,
    );
    if (has !== undefined || !mayBeFound) return this.#ask(id, client, has ?? otherwise);
    this.queue.after(takeOverAgainMs, () => {
      if (this.#clients.get(id) === client) this.#askWhoHasIt(id, client, this.routers[0] ?? otherwise);
    });
  }

  #ask(executionId: string, client: Client, router: SimulatedRouter): void {
    const { order, runId, delivered } = client;
    client.routerId = router.id;
    this.#clients.set(executionId, client);
    router.soon(() => {
      const isAccepted = router.submit(order, { executionId, runId, parentId: "" }, delivered);
      if (!isAccepted) this.#clients.delete(executionId);
    });
  }

  /** Whether that other router's takeover came about. */
  #isSealedFor(id: string, routerId: string): boolean {
    return this.#journalOf(id)?.sealedFor === routerId;
  }

  #journalOf(routerId: string): SimulatedJournal | undefined {
    return this.#routers.find(({ id }) => id === routerId)?.journal;
  }

  #addRouter(): void {
    const { observer, backlogMax, newRouterMachine, heartbeats, network } = this.#options;
    const router: SimulatedRouter = new SimulatedRouter(`router-${this.#routers.length + 1}`, {
      ...{ queue: this.queue, observer, backlogMax },
      newMachine: () => newRouterMachine(retention),
      connect: (to, replicaId) => this.#connect(to, replicaId),
      report: (report) => this.#deliver(report.routerId, "controlplane", () => this.#hearDemand(report)),
      policyOf: (environment) => this.#state.environments.get(environment)?.policy,
      newJournal: ({ id }, superseded) =>
        heartbeats ? new SimulatedJournal(id, { queue: this.queue, network }, superseded) : undefined,
      died: (dead) => this.#routerDied(dead),
    });
    this.#routers.push(router);
    for (const [name, environment] of this.#state.environments) router.environmentChanged(name, factsOf(environment));
  }

  #hearDemand(report: RouterReport): void {
    this.#controlPlane.hearDemand(report);
  }

  #newControlPlane(): SimulatedControlPlane {
    const { observer, decideEveryMs, heartbeats, network, newPoolsMachine } = this.#options;
    return new SimulatedControlPlane(this.#state, {
      ...{ queue: this.queue, observer, decideEveryMs, heartbeats, newMachine: newPoolsMachine },
      newReplicaId: (environment) => `${environment}-${this.#newId()}`,
      startReplica: (replica, policy, done) => this.#start(replica, policy, done),
      stopReplica: (replicaId, done) =>
        this.queue.after(stopMs, () => {
          this.#starting.delete(replicaId);
          this.#agents.get(replicaId)?.kill();
          done();
        }),
      isPresent: (replicaId) => this.#agents.has(replicaId) || this.#starting.has(replicaId),
      drain: (replicaId, reason, graceMs, done) => {
        const delayMs = network.call("controlplane", replicaId);
        if (delayMs === undefined) return this.queue.after(3_000, () => done(false));
        this.queue.after(delayMs, () => {
          this.#agents.get(replicaId)?.drain(reason, graceMs);
          done(true);
        });
      },
      announceEnd: (replica) => {
        for (const router of this.routers) {
          this.#deliver("controlplane", router.id, () => router.hear(endOf(replica)));
        }
      },
    });
  }

  #start(replica: Replica, policy: Policy, done: (failure: string | undefined) => void): void {
    const { startUpMs, startFailure, newSlots, heartbeats, observer } = this.#options;
    const failure = startFailure?.();
    const { id: replicaId, pool, environment, version } = replica;
    this.#starting.add(replicaId);
    this.queue.after(startUpMs(), () => {
      if (!this.#starting.delete(replicaId)) return;
      if (failure !== undefined) return done(failure);
      observer.replicaCreated?.(replica);
      const slots = newSlots(policy.concurrency, policy.singleUse);
      const options = { replicaId, pool, environment, version, slots, heartbeats, restartMs: runnerRestartMs };
      const agent: SimulatedAgent = new SimulatedAgent(options, {
        ...{ queue: this.queue, observer },
        newExecutionId: () => this.#newId(),
        announce: (announcement) => this.#announce(announcement),
        exited: (id) => this.#exited(id),
      });
      this.#agents.set(replicaId, agent);
      done(undefined);
    });
  }

  #exited(replicaId: string): void {
    const unacknowledged = this.#agents.get(replicaId)?.unacknowledged ?? 0;
    this.#agents.delete(replicaId);
    for (const { id } of this.#routers) this.#streams.delete(`${id} ${replicaId}`);
    this.#options.observer.replicaGone?.(replicaId, unacknowledged);
    this.queue.after(stopMs, () => this.#controlPlane.handle({ kind: "replicaExited", replicaId, how: "it exited" }));
  }

  readonly #announcedStates = new Map<string, string>();

  /** To the control plane always; to routers too, unless they know and nothing can have been lost. */
  #announce(announcement: SimulatedAnnouncement): void {
    const { replicaId, state } = announcement;
    this.#deliver(replicaId, "controlplane", () => this.#controlPlane.hearReplica(announcement));
    const isNews = this.#announcedStates.get(replicaId) !== state;
    if (!isNews && !this.#options.heartbeats) return;
    if (state === "ended") this.#announcedStates.delete(replicaId);
    else this.#announcedStates.set(replicaId, state);
    for (const router of this.routers) this.#deliver(replicaId, router.id, () => router.hear(announcement));
  }

  #deliver(from: string, to: string, receive: () => void): void {
    for (const delayMs of this.#options.network.publish(from, to)) {
      // Nobody who hears something answers from within.
      if (delayMs === 0) receive();
      else this.queue.after(delayMs, receive);
    }
  }

  #connect(router: SimulatedRouter, replicaId: string): SimulatedStream<ToAgent, ToRouter> | undefined {
    const agent = this.#agents.get(replicaId);
    const { network } = this.#options;
    if (agent === undefined || !network.connects(router.id, replicaId)) return undefined;
    const own = (): SimulatedStream<ToAgent, ToRouter> => stream;
    const stream: SimulatedStream<ToAgent, ToRouter> = new SimulatedStream(
      this.queue,
      network,
      router.streamEnd(replicaId, own),
      agent.streamEnd(router.id, own),
    );
    this.#streams.set(`${router.id} ${replicaId}`, stream);
    this.queue.after(network.stream(router.id, replicaId), () => {
      if (stream.isOpen && agent.isAlive) agent.attach(router.id, stream, router.adoptedIds);
      else stream.break();
    });
    return stream;
  }

  #newId(): string {
    this.#ids += 1;
    return `${this.#ids}`;
  }
}

function factsOf({ version, policy }: Environment): EnvironmentFacts {
  return {
    version: version.id,
    maxReplicas: policy.maxReplicas,
    isolateOutOfMemory: policy.isolateOutOfMemory,
    freshReplicaPolicy: freshReplicaPolicy(policy),
  };
}

function endOf({ id, pool, environment, version }: Replica): SimulatedAnnouncement {
  return {
    ...{ replicaId: id, pool, environment, version, state: "ended", cause: "", reason: "" },
    ...{ sequence: Infinity, total: 0, free: 0, busy: 0, lent: 0, executions: 0, idleSinceMs: undefined },
  };
}
