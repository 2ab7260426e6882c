import { create } from "@bufbuild/protobuf";
import { subjects, type Bus } from "@hearth/bus";
import type { Clock, Timer } from "@hearth/clock";
import { ReplicaState, SlotAnnouncementSchema } from "@hearth/proto";
import type { End } from "../core/end-cause.ts";
import { idleSince } from "../core/idle-since.ts";
import type { AgentConfig } from "../config.ts";

const announceEveryMsMin = 50;
/** A little more than a second, so that an idle replica sends at most one a second. */
const announceEveryMsMax = 1_100;

/** What an announcement says beside who is speaking. */
export interface SlotState {
  readonly total: number;
  readonly free: number;
  readonly busy: number;
  readonly lent: number;
  readonly draining: boolean;
  /** Why it drains; empty texts while it does not. */
  readonly end: End;
  readonly runnerPid: number;
  readonly executions: number;
  readonly memoryBytes: number;
}

/** What is announced. Its state is put together for each announcement. */
export interface Announced {
  readonly state: SlotState;
  /** Whether attempts get somewhere: before that the code is being loaded. */
  readonly isReady: boolean;
  /** Attempts that have not ended. */
  readonly live: number;
}

/** Tells everybody on NATS about this replica's slots: at once after a quiet time, then at its pace, and every 1.1 s. */
export class SlotAnnouncer {
  #bus: Bus | undefined;
  readonly #clock: Clock;
  readonly #config: AgentConfig;
  #address = "";
  readonly #announced: () => Announced;
  #sequence = 0;
  #lastSentAt = -Infinity;
  #idleSince: number;
  #scheduled = false;
  #wasReady = false;
  #heartbeat: Timer | undefined;

  constructor(options: { readonly clock: Clock; readonly config: AgentConfig; readonly announced: () => Announced }) {
    this.#clock = options.clock;
    this.#config = options.config;
    this.#announced = options.announced;
    this.#idleSince = this.#clock.now();
  }

  /** Starts announcing. `address`: where routers reach this agent. */
  start(bus: Bus, address: string): void {
    this.#bus = bus;
    this.#address = address;
    this.#send();
    this.#heartbeat = this.#clock.every(announceEveryMsMax, () => this.#send());
  }

  /** Something may have changed. */
  changed(): void {
    // Noted at once: the announcement may come up to 50 ms later, and TTLs count from here.
    const { live, isReady } = this.#announced();
    this.#idleSince = idleSince(this.#idleSince, live, this.#clock.now());
    if (this.#bus === undefined) return;
    // Cold executions wait for this one.
    if (isReady && !this.#wasReady) return this.#send();
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.after(Math.max(0, this.#lastSentAt + announceEveryMsMin - this.#clock.now()), () => this.#send());
  }

  /** The last announcement. */
  ended(end: End): void {
    this.#heartbeat?.cancel();
    this.#scheduled = true;
    this.#publish(ReplicaState.ENDED, end);
  }

  #send(): void {
    this.#scheduled = false;
    this.#lastSentAt = this.#clock.now();
    const { state, isReady } = this.#announced();
    const { draining, end } = state;
    this.#wasReady = isReady;
    const whileServing = isReady ? ReplicaState.READY : ReplicaState.STARTING;
    this.#publish(draining ? ReplicaState.DRAINING : whileServing, end);
  }

  #publish(state: ReplicaState, { cause: endCause, reason: endReason }: End): void {
    const { replicaId, environment, pool, version } = this.#config;
    const { total, free, busy, lent, runnerPid, executions, memoryBytes } = this.#announced().state;
    const announcement = create(SlotAnnouncementSchema, {
      ...{ replicaId, environment, pool, version, address: this.#address, sequence: ++this.#sequence },
      ...{ total, free, busy, lent, idleSinceUnixMs: this.#idleSince, state, endReason, endCause },
      ...{ agentPid: process.pid, runnerPid, executions, memoryBytes },
    });
    this.#bus?.publish(subjects.slots(environment), SlotAnnouncementSchema, announcement);
  }
}
