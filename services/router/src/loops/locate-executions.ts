import { create } from "@bufbuild/protobuf";
import type { Clock } from "@hearth/clock";
import { HearthError } from "@hearth/errors";
import { ExecutionRequestSchema, type ExecutionRequest, type LocateResponse } from "@hearth/proto";
import { isHere, type Claim } from "../core/is-here.ts";
import { freshForMs, madeAt, mustAskOthers } from "../core/must-ask.ts";
import type { IdempotencyKeys } from "../io/idempotency-keys.ts";
import { askedTogetherMax, type Locator } from "../io/locator.ts";
import { fingerprint } from "../io/read-request.ts";
import type { AdoptRouters } from "./adopt-routers.ts";
import type { Executions } from "./run-executions.ts";

/** How long to look, with silent routers being taken over meanwhile. */
const lookMsMax = 15_000;
const askMs = 500;
const againAfterMs = 250;
const retryAfterMs = "1000";

/** Where an execution is: at this router, or at the one at `address`. */
export type Place = { readonly kind: "here" } | { readonly kind: "there"; readonly address: string };

export interface LocateOptions {
  readonly routerId: string;
  readonly clock: Clock;
  readonly executions: Executions;
  readonly routers: AdoptRouters;
  readonly locator: Locator;
  readonly keys: IdempotencyKeys;
}

/** Finds executions among all routers, so that what was accepted once is not accepted again. */
export class LocateExecutions {
  readonly #options: LocateOptions;
  readonly #claims = new Map<string, Claim & { holders: number }>();
  /** The look around that is shared by those who have asked for it since the one before it began. */
  #shared: SharedLook | undefined;
  /** Others were told that these are not here, and each is so new that it would be accepted without a look around. */
  readonly #denied = new Set<string>();

  constructor(options: LocateOptions) {
    this.#options = options;
  }

  /** Whether another router may have the execution of the request, or be about to. */
  mustAsk(request: ExecutionRequest): boolean {
    return mustAskOthers(request, this.#options.clock.now()) || this.#denied.has(request.executionId);
  }

  /** What this router answers another one that looks for an execution. Undefined: nothing yet. */
  isHere(executionId: string, askerId: string): boolean | undefined {
    const { clock, executions, routers, routerId } = this.#options;
    const knows = executions.knows(executionId) || routers.isAdopting(executionId);
    const here = isHere({ knows, claim: this.#claims.get(executionId), ownId: routerId, askerId });
    if (!here && this.#mayFindMore) return undefined;
    if (!here && madeAt(executionId) + freshForMs >= clock.now()) {
      this.#denied.add(executionId);
      clock.after(freshForMs, () => this.#denied.delete(executionId));
    }
    return here;
  }

  /** While `accept` looks for the execution, and accepts it if nobody has it, no other router does. */
  async claiming<T>(executionId: string, accept: (claim: Claim) => Promise<T>): Promise<T> {
    const claim = this.#claim(executionId);
    try {
      return await accept(claim);
    } finally {
      this.#release(executionId);
    }
  }

  #claim(executionId: string): Claim {
    let claim = this.#claims.get(executionId);
    if (claim === undefined) {
      claim = { isSure: false, yielded: new Set(), holders: 0 };
      this.#claims.set(executionId, claim);
    }
    claim.holders += 1;
    return claim;
  }

  #release(executionId: string): void {
    const claim = this.#claims.get(executionId);
    if (claim === undefined) return;
    claim.holders -= 1;
    if (claim.holders === 0) this.#claims.delete(executionId);
  }

  /**
   * Calls `accept` with whether a router may have the execution, after one look around, which thousands share who want to know at the
   * same time. Until then no other router accepts it. "It may" is no more than that: `find` tells.
   */
  lookTogether<T>(executionId: string, accept: (mayExist: boolean) => T | Promise<T>): Promise<T> {
    this.#claim(executionId);
    const { executionIds, done } = this.#sharedLook();
    executionIds.push(executionId);
    return done.then((maybes) => {
      try {
        return accept(maybes === "all" || maybes.has(executionId));
      } finally {
        this.#release(executionId);
      }
    });
  }

  #sharedLook(): SharedLook {
    const peersFound = this.#options.routers.findPeers();
    if (this.#shared?.peersFound === peersFound) return this.#shared;
    const executionIds: string[] = [];
    const done = peersFound.then(
      () => this.#lookForAll(executionIds),
      () => "all" as const,
    );
    this.#shared = { peersFound, executionIds, done };
    return this.#shared;
  }

  /** Those that a router may have. */
  async #lookForAll(executionIds: readonly string[]): Promise<ReadonlySet<string> | "all"> {
    const { routers, locator } = this.#options;
    const peers = new Set(routers.peers());
    if (this.#mayFindMore) return "all";
    if (peers.size === 0) return new Set();
    const maybes = new Set<string>();
    const lookForSome = async (ids: readonly string[]): Promise<void> => {
      const heard = ({ routerId, aboutMany, foundIds }: LocateResponse): void => {
        if (!aboutMany) return;
        const found = new Set(foundIds);
        for (const id of ids) this.#hear(id, routerId, found.has(id));
      };
      const responses = await locator.askForMany({ executionIds: ids, routerIds: peers, waitMs: askMs, heard });
      const told = new Set(responses.map(({ routerId }) => routerId));
      const areMaybes = [...peers].every((id) => told.has(id)) ? responses.flatMap(({ foundIds }) => foundIds) : ids;
      for (const id of areMaybes) maybes.add(id);
    };
    const parts = Array.from({ length: Math.ceil(executionIds.length / askedTogetherMax) }, (_, part) =>
      lookForSome(executionIds.slice(part * askedTogetherMax, (part + 1) * askedTogetherMax)),
    );
    return Promise.all(parts).then(
      () => maybes,
      () => "all",
    );
  }

  /** A router has answered whether it has the execution. */
  #hear(executionId: string, routerId: string, found: boolean): void {
    const yielded = this.#claims.get(executionId)?.yielded;
    if (found) yielded?.delete(routerId);
    else yielded?.add(routerId);
  }

  /**
   * The request, which has an id and an idempotency key, with the id of that key if it was used before; and whether a router may
   * have the execution. Throws IDEMPOTENCY_KEY_REUSED, JOURNAL_UNAVAILABLE.
   */
  async named(named: ExecutionRequest): Promise<{ readonly named: ExecutionRequest; readonly mayExist: boolean }> {
    const { keys } = this.#options;
    const { idempotencyKey } = named;
    const mayExist = this.mustAsk({ ...named, idempotencyKey: "" });
    const own = { executionId: named.executionId, fingerprint: fingerprint(named) };
    const { isNew, taken } = await keys.take(idempotencyKey, own).catch(() => {
      throw new HearthError(
        "JOURNAL_UNAVAILABLE",
        "Idempotency keys cannot be looked up. Ask again once NATS is back.",
        {
          retryAfterMs,
        },
      );
    });
    if (taken.fingerprint !== own.fingerprint) {
      const message = `The idempotency key "${idempotencyKey}" was used for a different request. Use a new one.`;
      throw new HearthError("IDEMPOTENCY_KEY_REUSED", message);
    }
    if (isNew) return { named, mayExist };
    const { executionId } = taken;
    return { named: create(ExecutionRequestSchema, { ...named, executionId }), mayExist: true };
  }

  /** Where the execution is. Undefined: at no router. Throws ROUTERS_SILENT, JOURNAL_UNAVAILABLE when that cannot be told in time. */
  async find(executionId: string): Promise<Place | undefined> {
    const { clock } = this.#options;
    const giveUpAt = clock.now() + lookMsMax;
    for (;;) {
      const found = await this.#look(executionId);
      if (found.kind === "nowhere") return undefined;
      if (found.kind !== "untold") return found;
      if (clock.now() >= giveUpAt) throw found.why;
      await new Promise<void>((resolve) => clock.after(againAfterMs, resolve));
    }
  }

  /**
   * What `ask` is answered by the router that has the execution, and when that one goes meanwhile, by the one that has it
   * then. Undefined: it is here, or nowhere. Throws what `find` does, and what `ask` is refused with.
   */
  async askThere<T>(
    executionId: string,
    ask: (address: string) => Promise<T>,
  ): Promise<{ readonly answer: T } | undefined> {
    const { clock } = this.#options;
    const giveUpAt = clock.now() + lookMsMax;
    for (;;) {
      const place = await this.find(executionId);
      if (place?.kind !== "there") return undefined;
      try {
        return { answer: await ask(place.address) };
      } catch (error) {
        if (error instanceof HearthError) throw error;
        if (clock.now() >= giveUpAt) throw routersSilent(executionId);
      }
      await new Promise<void>((resolve) => clock.after(againAfterMs, resolve));
    }
  }

  /** Whether an execution may turn out to be here that is not known. */
  get #mayFindMore(): boolean {
    return this.#options.executions.mayFindMore || this.#options.routers.isSealing;
  }

  async #look(executionId: string): Promise<Place | Nowhere | Untold> {
    const { executions, routers, locator } = this.#options;
    try {
      await routers.findPeers();
      if (executions.knows(executionId)) return { kind: "here" };
      if (this.#mayFindMore) return { kind: "untold", why: replicasSilent(executionId) };
      const peers = new Set(routers.peers());
      if (peers.size === 0) return { kind: "nowhere" };
      const heard = ({ found, routerId }: LocateResponse): void => this.#hear(executionId, routerId, found);
      const responses = await locator.ask({ executionId, routerIds: peers, waitMs: askMs, heard });
      const owner = responses.find(({ found, routerId }) => found && peers.has(routerId));
      if (owner !== undefined) return { kind: "there", address: owner.address };
      for (const { routerId } of responses) peers.delete(routerId);
      if (executions.knows(executionId)) return { kind: "here" };
      // Those who did not answer are asked again, or are taken over, by this router or another.
      return peers.size === 0 ? { kind: "nowhere" } : { kind: "untold", why: routersSilent(executionId) };
    } catch (error) {
      const message = `Where execution ${executionId} is cannot be looked up (${String(error)}). Ask again once NATS is back.`;
      return { kind: "untold", why: new HearthError("JOURNAL_UNAVAILABLE", message, { retryAfterMs }) };
    }
  }
}

interface SharedLook {
  /** The look for other routers that it begins with. */
  readonly peersFound: Promise<void>;
  /** What is looked for. More are added until that begins. */
  readonly executionIds: string[];
  /** Those that a router may have. */
  readonly done: Promise<ReadonlySet<string> | "all">;
}

interface Nowhere {
  readonly kind: "nowhere";
}

/** It may be at a router that does not answer now. */
interface Untold {
  readonly kind: "untold";
  readonly why: HearthError;
}

function replicasSilent(executionId: string): HearthError {
  const message = `A router is gone, and not all replicas have said yet whether they have execution ${executionId} of it.`;
  return new HearthError("ROUTERS_SILENT", message, { retryAfterMs });
}

export function routersSilent(executionId: string): HearthError {
  const message = `A router that may have execution ${executionId} does not answer.`;
  return new HearthError("ROUTERS_SILENT", message, { retryAfterMs });
}
