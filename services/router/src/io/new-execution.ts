import type { ExecutionRequest } from "@hearth/proto";
import type { Execution } from "../core/execution.ts";
import { toLimits } from "./read-limits.ts";

/** An execution as it is when it is accepted: it waits. `request` has its ids filled in. */
export function newExecution(request: ExecutionRequest, pool: string, acceptedAt: number): Execution {
  return {
    id: request.executionId,
    runId: request.runId,
    parentId: request.parentId,
    environment: request.environment,
    task: request.task,
    pool,
    affinityKey: request.affinityKey,
    priority: request.priority ?? 0,
    idempotencyKey: request.idempotencyKey,
    acceptedAt,
    argumentBytes: request.arguments?.inline.length ?? 0,
    request,
    limits: toLimits(request),
    attempts: [],
    mark: undefined,
    audience: undefined,
    isCancelled: false,
    state: { kind: "queued", since: acceptedAt, waitReason: "" },
  };
}
