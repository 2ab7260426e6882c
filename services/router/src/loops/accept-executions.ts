import { create } from "@bufbuild/protobuf";
import type { Clock } from "@hearth/clock";
import { HearthError } from "@hearth/errors";
import { ExecutionEndSchema, FailureSchema, Outcome, type ExecutionEnd, type ExecutionRequest } from "@hearth/proto";
import { mustAskOthers } from "../core/must-ask.ts";
import { checkRequest } from "../io/read-request.ts";
import { endOf, type PeerRouterClients } from "../io/peer-router.ts";
import type { LocateExecutions } from "./locate-executions.ts";
import type { Executions, OnEnd } from "./run-executions.ts";

/** When a router that is followed does not answer, it is looked for anew after this long. */
const followAgainAfterMs = 200;

/** An execution that was accepted, here or at another router, now or before. */
export interface Accepted {
  readonly executionId: string;
  /** Resolves when it is in the journal. */
  readonly durable: Promise<void>;
}

/** Accepts what no router has accepted before, and finds what one has. */
export class AcceptExecutions {
  readonly #clock: Clock;
  readonly #executions: Executions;
  readonly #located: LocateExecutions;
  readonly #peers: PeerRouterClients;

  constructor(options: {
    readonly clock: Clock;
    readonly executions: Executions;
    readonly located: LocateExecutions;
    readonly peers: PeerRouterClients;
  }) {
    this.#clock = options.clock;
    this.#executions = options.executions;
    this.#located = options.located;
    this.#peers = options.peers;
  }

  /**
   * Accepts an execution, at once where no other router can have it; throws a `HearthError`, or rejects with one, when it is
   * refused. `onEnd` is called when it has ended.
   */
  submit(request: ExecutionRequest, onEnd?: OnEnd): Accepted | Promise<Accepted> {
    const isKnown = request.executionId !== "" && this.#executions.knows(request.executionId);
    if (isKnown || !mustAskOthers(request, this.#clock.now())) return this.#executions.submit(request, onEnd);
    checkRequest(request);
    return this.#find(request, onEnd);
  }

  async #find(request: ExecutionRequest, onEnd: OnEnd | undefined): Promise<Accepted> {
    const { named, mayExist } = await this.#located.named(request);
    const place = mayExist ? await this.#located.find(named.executionId) : undefined;
    if (place?.kind !== "there") return this.#executions.submit(named, onEnd);
    if (onEnd !== undefined) void this.#follow(named, place.address, onEnd);
    return { executionId: named.executionId, durable: Promise.resolve() };
  }

  /** Waits for the end at another router, and wherever the execution goes from there. */
  async #follow(request: ExecutionRequest, address: string, onEnd: OnEnd): Promise<void> {
    const { executionId } = request;
    for (let at = address; ;) {
      const end = await this.#endAt(at, executionId).catch(() => undefined);
      if (end !== undefined) return onEnd(end);
      if (this.#peers.isClosed) return;
      await new Promise<void>((resolve) => this.#clock.after(followAgainAfterMs, resolve));
      try {
        const place = await this.#located.find(executionId);
        if (place?.kind !== "there") return void this.#executions.submit(request, onEnd);
        at = place.address;
      } catch (error) {
        if (!(error instanceof HearthError)) throw error;
        if (error.reason === "ROUTERS_SILENT" || error.reason === "JOURNAL_UNAVAILABLE") continue;
        const failure = create(FailureSchema, { reason: error.reason, message: error.message });
        return onEnd(create(ExecutionEndSchema, { executionId, outcome: Outcome.LOST, failure }));
      }
    }
  }

  async #endAt(address: string, executionId: string): Promise<ExecutionEnd | undefined> {
    for await (const execution of this.#peers.watch(address, executionId)) {
      const end = endOf(execution);
      if (end !== undefined) return end;
    }
    return undefined;
  }
}
