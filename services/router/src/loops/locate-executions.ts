import { create } from "@bufbuild/protobuf";
import type { Clock } from "@hearth/clock";
import { HearthError } from "@hearth/errors";
import { ExecutionRequestSchema, type ExecutionRequest } from "@hearth/proto";
import { mustAskOthers } from "../core/must-ask.ts";
import type { IdempotencyKeys } from "../io/idempotency-keys.ts";
import type { Locator } from "../io/locator.ts";
import { fillIds, fingerprint } from "../io/read-request.ts";
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
  readonly clock: Clock;
  readonly executions: Executions;
  readonly routers: AdoptRouters;
  readonly locator: Locator;
  readonly keys: IdempotencyKeys;
}

/** Finds executions among all routers, so that what was accepted once is not accepted again. */
export class LocateExecutions {
  readonly #options: LocateOptions;

  constructor(options: LocateOptions) {
    this.#options = options;
  }

  /**
   * The request with the id it has, by its idempotency key if that was used before; and whether a router may have the
   * execution. Throws IDEMPOTENCY_KEY_REUSED, JOURNAL_UNAVAILABLE.
   */
  async named(request: ExecutionRequest): Promise<{ readonly named: ExecutionRequest; readonly mayExist: boolean }> {
    const { clock, keys, executions } = this.#options;
    const { idempotencyKey } = request;
    const named = fillIds(request, clock.now());
    const mayExist = mustAskOthers({ ...named, idempotencyKey: "" }, clock.now());
    if (idempotencyKey === "") return { named, mayExist };
    // The execution of the key is here: the request repeats it, whatever id was made for it now.
    if (executions.knowsKey(idempotencyKey)) return { named: request, mayExist: false };
    const own = { executionId: named.executionId, fingerprint: fingerprint(named) };
    const taken = await keys.take(idempotencyKey, own).catch(() => {
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
    if (taken.executionId === named.executionId) return { named, mayExist };
    const { executionId } = taken;
    const runId = named.runId === named.executionId ? executionId : named.runId;
    return { named: create(ExecutionRequestSchema, { ...named, executionId, runId }), mayExist: true };
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

  async #look(executionId: string): Promise<Place | Nowhere | Untold> {
    const { executions, routers, locator } = this.#options;
    try {
      await routers.findPeers();
      if (executions.knows(executionId)) return { kind: "here" };
      const peers = new Set(routers.peers());
      if (peers.size === 0) return { kind: "nowhere" };
      const responses = await locator.ask(executionId, peers, askMs);
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

interface Nowhere {
  readonly kind: "nowhere";
}

/** It may be at a router that does not answer now. */
interface Untold {
  readonly kind: "untold";
  readonly why: HearthError;
}

function routersSilent(executionId: string): HearthError {
  const message = `A router that may have execution ${executionId} does not answer.`;
  return new HearthError("ROUTERS_SILENT", message, { retryAfterMs });
}
