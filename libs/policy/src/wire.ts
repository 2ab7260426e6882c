import { create } from "@bufbuild/protobuf";
import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import { ReusePolicySchema, Scope, type ReusePolicy } from "@hearth/proto";
import type { Policy, PolicyRequest } from "./policy.ts";

/** A policy as it came, nothing filled in. */
export function policyFromMessage(message: ReusePolicy): PolicyRequest {
  return {
    minReplicas: message.minReplicas,
    maxReplicas: message.maxReplicas,
    concurrency: message.concurrency,
    idleTtlMs: message.idleTtl === undefined ? undefined : durationMs(message.idleTtl),
    scaledownTtlMs: message.scaledownTtl === undefined ? undefined : durationMs(message.scaledownTtl),
    scope: message.scope === Scope.RUN ? "run" : "global",
  };
}

/** A policy with everything filled in, as it goes out. */
export function policyToMessage(policy: Policy): ReusePolicy {
  return create(ReusePolicySchema, {
    minReplicas: policy.minReplicas,
    maxReplicas: policy.maxReplicas,
    concurrency: policy.concurrency,
    idleTtl: durationFromMs(policy.idleTtlMs),
    scaledownTtl: durationFromMs(policy.scaledownTtlMs),
    scope: policy.scope === "run" ? Scope.RUN : Scope.GLOBAL,
  });
}
