import {
  completePolicy,
  findRetryProblem,
  findTimeoutProblem,
  type PolicyRequest,
  type RetryPolicy,
} from "@hearth/policy";

/** The fields of a request that have bounds of their own. */
export interface RequestFields {
  readonly executionId: string;
  readonly runId: string;
  readonly parentId: string;
  readonly environment: string;
  readonly task: string;
  readonly idempotencyKey: string;
  readonly affinityKey: string;
  readonly priority: number;
  readonly freshReplica: boolean;
  /** The policy that the caller asks for instead of the environment's, or undefined. */
  readonly policy: PolicyRequest | undefined;
  readonly retryPolicy: RetryPolicy | undefined;
  /** 0: what the task declares. */
  readonly attemptTimeoutMs: number;
  readonly queueTimeoutMs: number;
  /** Milliseconds since 1970. 0: none of its own. */
  readonly deadlineUnixMs: number;
  /** How many bytes of arguments the request holds itself. */
  readonly argumentBytes: number;
  /** Where the arguments are when the request does not hold them. */
  readonly storedArguments: { readonly sha256: string; readonly sizeBytes: number } | undefined;
}

export interface RequestProblem {
  readonly reason: "INVALID_EXECUTION" | "INVALID_POLICY" | "PAYLOAD_TOO_LARGE";
  readonly message: string;
}

const sha256Pattern = /^[0-9a-f]{64}$/;
const ulidPattern = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;
const keyLengthMax = 200;
const priorityMax = 10;

/** The first thing wrong with a request, or undefined. `payloadBytesMax` bounds stored arguments. */
export function findProblem(fields: RequestFields, payloadBytesMax: number): RequestProblem | undefined {
  for (const name of ["executionId", "runId", "parentId"] as const) {
    const id = fields[name];
    if (id !== "" && !ulidPattern.test(id)) return invalid(`${name} "${shorten(id)}" is not a ULID in lower case.`);
  }
  if (fields.environment === "") return invalid("environment is empty. Name the environment to run in.");
  if (fields.task === "") return invalid("task is empty. Name the task to run.");
  for (const name of ["idempotencyKey", "affinityKey"] as const) {
    const { length } = fields[name];
    if (length > keyLengthMax) return invalid(`${name} has ${length} characters; the bound is ${keyLengthMax}.`);
  }
  if (Math.abs(fields.priority) > priorityMax) {
    return invalid(`priority is ${fields.priority}; give -${priorityMax} to ${priorityMax}, higher goes first.`);
  }
  const stored = findStoredProblem(fields, payloadBytesMax);
  if (stored !== undefined) return stored;
  const limits = findLimitsProblem(fields);
  if (limits !== undefined) return invalid(limits);
  if (fields.policy === undefined) return undefined;
  if (fields.freshReplica) {
    return invalid(
      "freshReplica is set together with policyOverride. A fresh replica has a policy of its own: give one of them.",
    );
  }
  const policy = completePolicy(fields.policy);
  return policy.kind === "invalid" ? { reason: "INVALID_POLICY", message: policy.problem } : undefined;
}

function findStoredProblem(fields: RequestFields, payloadBytesMax: number): RequestProblem | undefined {
  const { storedArguments: stored, argumentBytes } = fields;
  if (stored === undefined) return undefined;
  if (!sha256Pattern.test(stored.sha256)) return invalid("arguments.stored.sha256 must be 64 hexadecimal digits.");
  if (argumentBytes > 0) return invalid("arguments are inline and stored. Give one of them.");
  if (stored.sizeBytes <= payloadBytesMax) return undefined;
  const message = `The stored arguments are ${stored.sizeBytes} bytes; the bound is ${payloadBytesMax}. Pass a reference to the data instead.`;
  return { reason: "PAYLOAD_TOO_LARGE", message };
}

function findLimitsProblem(fields: RequestFields): string | undefined {
  const { retryPolicy, attemptTimeoutMs, queueTimeoutMs, deadlineUnixMs } = fields;
  const problem =
    (retryPolicy && findRetryProblem("retry_policy", retryPolicy)) ??
    (attemptTimeoutMs === 0 ? undefined : findTimeoutProblem("attempt_timeout_ms", attemptTimeoutMs)) ??
    (queueTimeoutMs === 0 ? undefined : findTimeoutProblem("queue_timeout_ms", queueTimeoutMs));
  if (problem !== undefined || (deadlineUnixMs >= 0 && deadlineUnixMs < Infinity)) return problem;
  return `deadline_unix_ms is ${deadlineUnixMs}; give milliseconds since 1970, or 0 for none of its own.`;
}

function invalid(message: string): RequestProblem {
  return { reason: "INVALID_EXECUTION", message };
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}
