import { create } from "@bufbuild/protobuf";
import { durationFromMs, durationMs, type Duration } from "@bufbuild/protobuf/wkt";
import {
  RecyclingSchema,
  RetryPolicySchema,
  ReusePolicySchema,
  Scope,
  type Recycling as RecyclingMessage,
  type RetryPolicy as RetryPolicyMessage,
  type ReusePolicy,
} from "@hearth/proto";
import type { Policy, PolicyRequest, Recycling } from "./policy.ts";
import { parseQuantity } from "./quantity.ts";
import type { RetryPolicy } from "./retry-policy.ts";

/** A policy as it came, nothing filled in. */
export function policyFromMessage(message: ReusePolicy): PolicyRequest {
  return {
    minReplicas: message.minReplicas,
    maxReplicas: message.maxReplicas,
    concurrency: message.concurrency,
    idleTtlMs: msOf(message.idleTtl),
    scaledownTtlMs: msOf(message.scaledownTtl),
    scope: message.scope === Scope.RUN ? "run" : "global",
    bufferReplicas: message.bufferReplicas,
    recycling: message.recycling === undefined ? undefined : recyclingFromMessage(message.recycling),
    singleUse: message.singleUse,
    isolateOutOfMemory: message.isolateOutOfMemory,
  };
}

/** A policy with everything filled in, as it goes out. */
export function policyToMessage(policy: Policy): ReusePolicy {
  const message = create(ReusePolicySchema, {
    minReplicas: policy.minReplicas,
    maxReplicas: policy.maxReplicas,
    concurrency: policy.concurrency,
    idleTtl: durationFromMs(policy.idleTtlMs),
    scaledownTtl: durationFromMs(policy.scaledownTtlMs),
    scope: policy.scope === "run" ? Scope.RUN : Scope.GLOBAL,
    bufferReplicas: policy.bufferReplicas,
    singleUse: policy.singleUse,
    isolateOutOfMemory: policy.isolateOutOfMemory,
  });
  const recycling = recyclingToMessage(policy.recycling);
  if (recycling !== undefined) message.recycling = recycling;
  return message;
}

export function retryPolicyFromMessage(message: RetryPolicyMessage): RetryPolicy {
  const { retries, initialBackoffMs, backoffFactor, maxBackoffMs, retryOn } = message;
  return { retries, initialBackoffMs, backoffFactor, maxBackoffMs, retryOn };
}

export function retryPolicyToMessage(policy: RetryPolicy): RetryPolicyMessage {
  return create(RetryPolicySchema, { ...policy, retryOn: [...policy.retryOn] });
}

function recyclingFromMessage({ afterExecutions, aboveMemory, afterAge }: RecyclingMessage): Recycling {
  return {
    afterExecutions: afterExecutions === 0 ? undefined : afterExecutions,
    // What cannot be read is 0, which the policy refuses.
    aboveMemoryBytes: aboveMemory === "" ? undefined : (parseQuantity(aboveMemory) ?? 0),
    afterAgeMs: msOf(afterAge),
  };
}

function recyclingToMessage({
  afterExecutions,
  aboveMemoryBytes,
  afterAgeMs,
}: Recycling): RecyclingMessage | undefined {
  if (afterExecutions === undefined && aboveMemoryBytes === undefined && afterAgeMs === undefined) return undefined;
  const message = create(RecyclingSchema, {
    afterExecutions: afterExecutions ?? 0,
    aboveMemory: aboveMemoryBytes === undefined ? "" : String(aboveMemoryBytes),
  });
  if (afterAgeMs !== undefined) message.afterAge = durationFromMs(afterAgeMs);
  return message;
}

function msOf(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : durationMs(duration);
}
