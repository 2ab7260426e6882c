import { create } from "@bufbuild/protobuf";
import { subjects, type Bus } from "@hearth/bus";
import type { Clock, Timer } from "@hearth/clock";
import { DemandReportSchema, PoolDemandSchema, type PoolDemand, type ReusePolicy } from "@hearth/proto";
import type { Pool } from "../core/pool.ts";
import type { RouterMachine } from "../core/router-machine.ts";

/** Reports leave at most this often. */
const reportEveryMsMin = 50;
/** And at least this often, so that silence means a lost router. */
const reportEveryMsMax = 1_000;

/** Tells the control plane what waits and what runs: at once when that changes after a quiet time, then at its pace. */
export class DemandReporter {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #machine: RouterMachine;
  readonly #routerId: string;
  #address = "";
  #sequence = 0;
  #lastSentAt = -Infinity;
  #scheduled = false;
  #timer: Timer | undefined;

  constructor(options: {
    readonly bus: Bus;
    readonly clock: Clock;
    readonly machine: RouterMachine;
    readonly routerId: string;
  }) {
    this.#bus = options.bus;
    this.#clock = options.clock;
    this.#machine = options.machine;
    this.#routerId = options.routerId;
  }

  /** Starts reporting. `address`: where clients reach this router. */
  start(address: string): void {
    this.#address = address;
    this.#send();
    this.#timer = this.#clock.every(reportEveryMsMax, () => this.#send());
  }

  /** Sends the last report: others may take over what is left. */
  stop(): void {
    this.#timer?.cancel();
    this.#send(true);
  }

  /** Something may have changed. */
  changed(): void {
    if (this.#scheduled || this.#address === "") return;
    this.#scheduled = true;
    const waitMs = Math.max(0, this.#lastSentAt + reportEveryMsMin - this.#clock.now());
    this.#clock.after(waitMs, () => this.#send());
  }

  #send(leaving = false): void {
    this.#scheduled = false;
    this.#lastSentAt = this.#clock.now();
    const report = create(DemandReportSchema, {
      routerId: this.#routerId,
      address: this.#address,
      sequence: ++this.#sequence,
      leaving,
      pools: [...this.#machine.pools()].filter((pool) => pool.backlog.size > 0 || pool.busy > 0).map(toDemand),
    });
    this.#bus.publish(subjects.demand(this.#routerId), DemandReportSchema, report);
  }
}

function toDemand(pool: Pool): PoolDemand {
  const demand = create(PoolDemandSchema, {
    pool: pool.name,
    environment: pool.environment,
    backlog: pool.backlog.size,
    oldestUnixMs: pool.backlog.oldest?.acceptedAt ?? 0,
    busy: pool.busy,
  });
  if (pool.policyOverride !== undefined) demand.policyOverride = pool.policyOverride as ReusePolicy;
  return demand;
}
