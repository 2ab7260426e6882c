import type { Clock, Timer } from "@hearth/clock";
import type { Logger } from "@hearth/telemetry";
import { decideLeadership, mayAct, renewEveryMs, type Lease } from "../core/leadership.ts";
import type { LeaderLease } from "../io/leader-lease.ts";

const goodbyeMs = 1_000;

export interface LeadOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly lease: LeaderLease;
  /** Unique for the life of the process. */
  readonly id: string;
  /** Where it listens, or will: host name and port. Empty: not known. */
  readonly place: string;
}

/** Resolves once this control plane leads. Until then it stands by, whether the lease can be read or not. */
export async function waitToLead(options: LeadOptions): Promise<Leadership> {
  const { clock, log } = options;
  const standby = new Standby(options);
  for (;;) {
    try {
      const leadership = await standby.look();
      if (leadership !== undefined) return leadership;
    } catch (error) {
      log.warn({ error: String(error) }, "the lease cannot be read, looking again");
    }
    await new Promise<void>((resolve) => clock.after(renewEveryMs / 4, resolve));
  }
}

class Standby {
  readonly #options: LeadOptions;
  #seen: { readonly lease: Lease | undefined; readonly seenAt: number } | undefined;

  constructor(options: LeadOptions) {
    this.#options = options;
  }

  /** Takes the lease if it may. */
  async look(): Promise<Leadership | undefined> {
    const { clock, log, lease, id, place } = this.#options;
    const found = await lease.read();
    if (this.#seen === undefined || this.#seen.lease?.revision !== found?.revision) {
      if (this.#seen === undefined && found !== undefined)
        log.info({ holder: found }, "looking whether another one leads");
      this.#seen = { lease: found, seenAt: clock.now() };
    }
    const decision = decideLeadership({ place, ...this.#seen }, clock.now());
    if (decision.kind !== "take") return undefined;
    const askedAt = clock.now();
    const revision = await lease.write({ holderId: id, holderPlace: place }, found?.revision ?? 0);
    if (revision === undefined) return undefined;
    log.info({ reason: decision.reason }, "this control plane leads");
    return new Leadership(this.#options, revision, askedAt);
  }
}

/** The lease, renewed until it is given up or lost. */
export class Leadership {
  /** Settled when another control plane leads: this one has to end. */
  readonly lost: Promise<void>;
  readonly #options: LeadOptions;
  readonly #renewing: Timer;
  readonly #loss = Promise.withResolvers<void>();
  #revision: number;
  #confirmedAt: number;
  #isBusy = false;

  constructor(options: LeadOptions, revision: number, confirmedAt: number) {
    this.#options = options;
    this.#revision = revision;
    this.#confirmedAt = confirmedAt;
    this.lost = this.#loss.promise;
    this.#renewing = options.clock.every(renewEveryMs, () => void this.#renew());
  }

  /** Whether nobody else can lead by now. Ask before anything is done that two must not do. */
  get mayAct(): boolean {
    return mayAct(this.#confirmedAt, this.#options.clock.now());
  }

  /** Gives it up, so that the next one need not wait. */
  async stop(): Promise<void> {
    const { clock, lease } = this.#options;
    this.#renewing.cancel();
    // A store that is away takes no goodbye.
    const patience = new Promise<void>((resolve) => clock.after(goodbyeMs, resolve));
    const goodbye = lease.write({ holderId: "", holderPlace: "" }, this.#revision).catch(() => undefined);
    await Promise.race([goodbye, patience]);
  }

  async #renew(): Promise<void> {
    const { clock, lease, id, place } = this.#options;
    if (this.#isBusy) return;
    this.#isBusy = true;
    const askedAt = clock.now();
    try {
      const revision =
        (await lease.write({ holderId: id, holderPlace: place }, this.#revision)) ?? (await this.#reread());
      if (revision === undefined) {
        this.#renewing.cancel();
        this.#loss.resolve();
      } else {
        this.#revision = revision;
        this.#confirmedAt = askedAt;
      }
    } catch {
      // The store is away, for others too. Until it is back this one does not act.
    }
    this.#isBusy = false;
  }

  /** A renewal whose answer was lost was written all the same. */
  async #reread(): Promise<number | undefined> {
    const found = await this.#options.lease.read();
    return found?.holderId === this.#options.id ? found.revision : undefined;
  }
}
