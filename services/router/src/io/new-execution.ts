import type { ExecutionRequest } from "@hearth/proto";
import type { Attempt, Execution, ExecutionState } from "../core/execution.ts";
import type { Turn } from "../core/backlog.ts";
import type { Limits } from "../core/limits.ts";
import type { Line } from "../core/line.ts";
import type { Mark } from "../core/replay-point.ts";
import { toLimits } from "./read-limits.ts";

/** An execution as it is when it is accepted: it waits. `request` has its id filled in. */
export function newExecution(request: ExecutionRequest, pool: string, acceptedAt: number): Execution {
  return new AcceptedExecution(request, pool, acceptedAt);
}

/** The run that the request's execution, which has an id, belongs to. A root's is its own, and is not said twice. */
export function runIdOf({ runId, executionId }: ExecutionRequest): string {
  return runId || executionId;
}

/** How many bytes of arguments a request holds itself. */
export function argumentBytesOf(request: ExecutionRequest): number {
  return request.arguments?.inline.length ?? 0;
}

const noAttempts: readonly Attempt[] = [];

/** What the request says is read there: of a hundred thousand that wait, each is kept once. */
class AcceptedExecution implements Execution {
  readonly id: string;
  pool: string;
  readonly acceptedAt: number;
  readonly request: ExecutionRequest;
  readonly limits: Limits;
  line: Line<Execution> | undefined = undefined;
  before: Execution | undefined = undefined;
  after: Execution | undefined = undefined;
  turn: Turn<Execution> | undefined = undefined;
  mark: Mark | undefined = undefined;
  accepted: unknown = undefined;
  dispatched: unknown = undefined;
  audience: unknown = undefined;
  isCancelled = false;
  attempts: readonly Attempt[] = noAttempts;
  state: ExecutionState;

  constructor(request: ExecutionRequest, pool: string, acceptedAt: number) {
    this.id = request.executionId;
    this.pool = pool;
    this.acceptedAt = acceptedAt;
    this.request = request;
    this.limits = toLimits(request);
    this.state = { kind: "queued", since: acceptedAt, waitReason: "" };
  }

  get runId(): string {
    return runIdOf(this.request);
  }

  get parentId(): string {
    return this.request.parentId;
  }

  get environment(): string {
    return this.request.environment;
  }

  get task(): string {
    return this.request.task;
  }

  get affinityKey(): string {
    return this.request.affinityKey;
  }

  get idempotencyKey(): string {
    return this.request.idempotencyKey;
  }

  get priority(): number {
    return this.request.priority ?? 0;
  }

  get argumentBytes(): number {
    return argumentBytesOf(this.request);
  }
}
