import { untouched, type Execution } from "../src/core/execution.ts";
import { noLimits } from "../src/core/limits.ts";
import { Line } from "../src/core/line.ts";
import { hashText } from "../src/core/preferred-for.ts";
import type { Replica } from "../src/core/replica.ts";

/** A ready replica with four free slots. */
export function aReplica(id: string, change: Partial<Replica> = {}): Replica {
  return {
    ...{ id, idHash: hashText(id), pool: "images", environment: "images", version: "v1", address: "127.0.0.1:1" },
    ...{ readySince: 0, state: "ready", attached: true, lastHeardAt: 0, running: new Line() },
    ...{ total: 4, reportedFree: 4, seen: 0, sent: 0, link: undefined },
    ...change,
  };
}

/** An execution that waits. */
export function anExecution(id: string, change: Partial<Execution> = {}): Execution {
  return {
    ...{ id, runId: id, parentId: "", environment: "images", task: "resize", pool: "images", idempotencyKey: "" },
    ...{ affinityKey: "", priority: 0, acceptedAt: 0, argumentBytes: 0, request: undefined },
    ...{
      limits: noLimits,
      attempts: [],
      ...untouched,
      state: { kind: "queued", since: 0, waitReason: "" },
    },
    ...change,
  };
}
