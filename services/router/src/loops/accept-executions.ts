import { create } from "@bufbuild/protobuf";
import type { Clock } from "@hearth/clock";
import { HearthError } from "@hearth/errors";
import { ExecutionEndSchema, FailureSchema, Outcome, type ExecutionEnd, type ExecutionRequest } from "@hearth/proto";
import type { Rejection } from "../core/admit.ts";
import { checkRequest, settleIds } from "../io/read-request.ts";
import { endOf, type PeerRouterClients } from "../io/peer-router.ts";
import { routersSilent, type LocateExecutions } from "./locate-executions.ts";
import type { Accepted, Asker, Executions } from "./run-executions.ts";

/** When a router that had the execution does not answer, the execution is looked for anew after this long. */
const askAgainAfterMs = 200;
/** How long a submission may be sent from router to router. */
const goMsMax = 15_000;

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
   * Accepts an execution, at once where no other router can have it. Throws a `HearthError` when a field of the request is out of its
   * bounds, or rejects with one when it cannot be told whether another router has it. `asker` is told when it has ended.
   */
  submit(request: ExecutionRequest, asker?: Asker): Accepted | Rejection | Promise<Accepted | Rejection> {
    if (!this.#located.mustAsk(request) || this.#isKnown(request)) return this.#executions.submit(request, asker);
    checkRequest(request);
    settleIds(request, this.#clock.now());
    if (request.idempotencyKey !== "") return this.#submitKeyed(request, asker);
    return this.#located.lookTogether(request.executionId, (mayExist) =>
      mayExist ? this.#submitWhereItIs(request, asker) : this.#executions.submit(request, asker),
    );
  }

  #isKnown({ executionId, idempotencyKey }: ExecutionRequest): boolean {
    return this.#executions.knows(executionId) || this.#executions.knowsKey(idempotencyKey);
  }

  async #submitKeyed(request: ExecutionRequest, asker: Asker | undefined): Promise<Accepted | Rejection> {
    const { named, accepted } = await this.#located.claiming(request.executionId, async (claim) => {
      claim.isSure = true;
      const { named, mayExist } = await this.#located.named(request);
      claim.isSure = false;
      return { named, accepted: mayExist ? undefined : this.#executions.submit(named, asker) };
    });
    return accepted ?? this.#submitWhereItIs(named, asker);
  }

  /** At the router that has it, and else here. */
  async #submitWhereItIs(request: ExecutionRequest, asker: Asker | undefined): Promise<Accepted | Rejection> {
    const { executionId } = request;
    const giveUpAt = this.#clock.now() + goMsMax;
    for (;;) {
      const settled = await this.#settle(request, asker);
      if (settled.kind === "here") return settled.submitted;
      if (asker !== undefined) {
        void this.#follow(request, settled.address, asker);
        return acceptedThere(executionId);
      }
      // Only that router knows when it is in the journal.
      if (await this.#isKept(request, settled.address)) return acceptedThere(executionId);
      if (this.#clock.now() >= giveUpAt) throw routersSilent(executionId);
      await this.#pause();
    }
  }

  /** Which router has the execution: another one, or this one, by now. */
  #settle(
    request: ExecutionRequest,
    asker: Asker | undefined,
  ): Promise<
    | { readonly kind: "here"; readonly submitted: Accepted | Rejection }
    | { readonly kind: "there"; readonly address: string }
  > {
    return this.#located.claiming(request.executionId, async () => {
      const place = await this.#located.find(request.executionId);
      if (place?.kind === "there") return place;
      return { kind: "here", submitted: this.#executions.submit(request, asker) };
    });
  }

  /** Whether the router there has it in its journal. */
  async #isKept(request: ExecutionRequest, address: string): Promise<boolean> {
    try {
      await this.#peers.submit(address, request);
      return true;
    } catch (error) {
      // It was about to accept it, and did not; or that router went.
      if (!(error instanceof HearthError) || error.reason === "EXECUTION_NOT_FOUND") return false;
      throw error;
    }
  }

  /** Waits for the end at another router, and wherever the execution goes from there. */
  async #follow(request: ExecutionRequest, address: string, asker: Asker): Promise<void> {
    const { executionId } = request;
    for (let at = address; ;) {
      const end = await this.#endAt(at, executionId).catch(() => undefined);
      if (end !== undefined) return asker.ended(end);
      if (this.#peers.isClosed) return;
      await this.#pause();
      let refusal: HearthError | Rejection;
      try {
        const settled = await this.#settle(request, asker);
        if (settled.kind === "there") {
          at = settled.address;
          continue;
        }
        if (settled.submitted.kind === "accepted") return;
        refusal = settled.submitted;
      } catch (error) {
        if (!(error instanceof HearthError)) throw error;
        refusal = error;
      }
      const { reason, message } = refusal;
      if (reason === "ROUTERS_SILENT" || reason === "JOURNAL_UNAVAILABLE") continue;
      const failure = create(FailureSchema, { reason, message });
      return asker.ended(create(ExecutionEndSchema, { executionId, outcome: Outcome.LOST, failure }));
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#clock.after(askAgainAfterMs, resolve));
  }

  async #endAt(address: string, executionId: string): Promise<ExecutionEnd | undefined> {
    for await (const execution of this.#peers.watch(address, executionId)) {
      const end = endOf(execution);
      if (end !== undefined) return end;
    }
    return undefined;
  }
}

function acceptedThere(executionId: string): Accepted {
  return { kind: "accepted", executionId, durability: { reached: Promise.resolve() } };
}
