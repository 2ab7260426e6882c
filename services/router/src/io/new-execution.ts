import type { ExecutionRequest } from "@hearth/proto";
import type { Execution } from "../core/execution.ts";
import { toLimits } from "./read-limits.ts";

/** An execution as it is when it is accepted: it waits. `request` has its ids filled in. */
export function newExecution(request: ExecutionRequest, pool: string, acceptedAt: number): Execution {
  const { executionId: id, runId, parentId, environment, task, affinityKey, idempotencyKey, priority } = request;
  return {
    ...{ id, runId, parentId, environment, task, pool, affinityKey, idempotencyKey, acceptedAt, request },
    priority: priority ?? 0,
    argumentBytes: request.arguments?.inline.length ?? 0,
    limits: toLimits(request),
    attempts: [],
    isCancelled: false,
    state: { kind: "queued", since: acceptedAt, waitReason: "" },
  };
}
