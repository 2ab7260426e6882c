import { durationMs } from "@bufbuild/protobuf/wkt";
import { Scope, type Recycling, type ReusePolicy } from "@hearth/proto";
import { showQuantity } from "./bytes.ts";
import { showDuration } from "./times.ts";

/**
 * A policy in one line, such as "1-4 replicas x 2 slots, idle 30 s, scaledown 30 s, global"; what goes beyond the defaults
 * comes after that.
 */
export function showPolicy(policy: ReusePolicy | undefined): string {
  if (policy === undefined) return "";
  const { minReplicas, maxReplicas, concurrency, idleTtl, scaledownTtl, scope } = policy;
  const replicas = minReplicas === maxReplicas ? `${maxReplicas ?? 0}` : `${minReplicas ?? 0}-${maxReplicas ?? 0}`;
  const ttls = [idleTtl, scaledownTtl].map((ttl) => (ttl === undefined ? "" : showDuration(durationMs(ttl))));
  const parts = [
    `${replicas} replicas x ${concurrency ?? 1} slots`,
    `idle ${ttls[0] ?? ""}`,
    `scaledown ${ttls[1] ?? ""}`,
    scope === Scope.RUN ? "run" : "global",
  ];
  if (policy.bufferReplicas > 0) parts.push(`buffer ${policy.bufferReplicas}`);
  if (policy.singleUse) parts.push("single use");
  const recycling = policy.recycling === undefined ? [] : recyclingParts(policy.recycling);
  if (recycling.length > 0) parts.push(`recycled ${recycling.join(" or ")}`);
  if (policy.isolateOutOfMemory) parts.push("out of memory isolated");
  return parts.join(", ");
}

function recyclingParts({ afterExecutions, aboveMemory, afterAge }: Recycling): readonly string[] {
  return [
    ...(afterExecutions > 0 ? [`after ${afterExecutions} executions`] : []),
    ...(aboveMemory === "" ? [] : [`above ${showQuantity(aboveMemory)}`]),
    ...(afterAge === undefined ? [] : [`after ${showDuration(durationMs(afterAge))}`]),
  ];
}
