import { toBinary } from "@bufbuild/protobuf";
import { HearthError } from "@hearth/errors";
import { newId } from "@hearth/ids";
import { payloadBytesMax } from "@hearth/payloads/bounds";
import { policyFromMessage, retryPolicyFromMessage } from "@hearth/policy/wire";
import { ReusePolicySchema, type ExecutionRequest, type ReusePolicy } from "@hearth/proto";
import { createHash } from "node:crypto";
import { findProblem } from "../core/validate-request.ts";
import { argumentBytesOf } from "./new-execution.ts";
import type { KeptBytes } from "./kept-bytes.ts";

/** Throws a `HearthError` when a field of the request is out of its bounds. */
export function checkRequest(request: ExecutionRequest): void {
  const { executionId, runId, parentId, environment, task, idempotencyKey, policyOverride } = request;
  const { affinityKey, priority = 0, freshReplica } = request;
  const { retryPolicy, attemptTimeoutMs, queueTimeoutMs, deadlineUnixMs } = request;
  const fields = {
    ...{ executionId, runId, parentId, environment, task, idempotencyKey },
    ...{ affinityKey, priority, freshReplica, attemptTimeoutMs, queueTimeoutMs, deadlineUnixMs },
    retryPolicy: retryPolicy && retryPolicyFromMessage(retryPolicy),
    policy: policyOverride && policyFromMessage(policyOverride),
    argumentBytes: argumentBytesOf(request),
    storedArguments: request.arguments?.stored,
  };
  const problem = findProblem(fields, payloadBytesMax);
  if (problem !== undefined) throw new HearthError(problem.reason, problem.message);
}

/** Gives a request an id that has none. A root that names its own id as its run is one that names none: its key may give it another id. */
export function settleIds(request: ExecutionRequest, now: number): void {
  request.executionId ||= newId(now);
  if (request.runId === request.executionId) request.runId = "";
}

/** The names as everybody else has them: one text in memory, and not one for each request. */
export function keepNames(request: ExecutionRequest, environment: string, task: string): void {
  request.environment = environment;
  request.task = task;
}

/** Arguments that are less than an eighth of their frame do not keep it. */
const shareMax = 8;

/**
 * Takes the arguments of a request that is kept out of the frame it came in. They are a view of it, and would hold all of it in
 * memory: with it the arguments of a hundred others that were refused.
 */
export function keepAlone({ arguments: payload }: ExecutionRequest, kept: KeptBytes): void {
  if (payload === undefined) return;
  const { inline } = payload;
  if (inline.buffer.byteLength > shareMax * inline.byteLength) payload.inline = kept.copy(inline);
}

/** Equal for requests that ask for the same: environment, task, arguments, policy. Ids, places in the backlog, limits and trace context do not count. */
export function fingerprint(request: ExecutionRequest): string {
  const hash = createHash("sha1").update(`${request.environment}\0${request.task}\0`);
  if (request.freshReplica) hash.update("fresh");
  if (request.policyOverride !== undefined) hash.update(policyKey(request.policyOverride));
  hash.update(request.arguments?.inline ?? new Uint8Array());
  if (request.arguments?.stored !== undefined) hash.update(`stored ${request.arguments.stored.sha256}`);
  return hash.digest("base64");
}

/** A short name for a policy. */
export function policyKey(policy: ReusePolicy): string {
  return createHash("sha256").update(toBinary(ReusePolicySchema, policy)).digest("hex").slice(0, 12);
}
