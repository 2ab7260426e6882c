import { completePolicy, type PolicyRequest } from "@hearth/policy";

/** The fields of a request that have bounds of their own. */
export interface RequestFields {
  readonly executionId: string;
  readonly runId: string;
  readonly parentId: string;
  readonly environment: string;
  readonly task: string;
  readonly idempotencyKey: string;
  /** The policy that the caller asks for instead of the environment's, or undefined. */
  readonly policy: PolicyRequest | undefined;
}

export type RequestProblem = { readonly reason: "INVALID_EXECUTION" | "INVALID_POLICY"; readonly message: string };

const ulidPattern = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;
const idempotencyKeyLengthMax = 200;

/** The first thing wrong with a request, or undefined. */
export function findProblem(fields: RequestFields): RequestProblem | undefined {
  for (const name of ["executionId", "runId", "parentId"] as const) {
    const id = fields[name];
    if (id !== "" && !ulidPattern.test(id)) return invalid(`${name} "${shorten(id)}" is not a ULID in lower case.`);
  }
  if (fields.environment === "") return invalid("environment is empty. Name the environment to run in.");
  if (fields.task === "") return invalid("task is empty. Name the task to run.");
  if (fields.idempotencyKey.length > idempotencyKeyLengthMax) {
    return invalid(
      `idempotencyKey has ${fields.idempotencyKey.length} characters; the bound is ${idempotencyKeyLengthMax}.`,
    );
  }
  if (fields.policy === undefined) return undefined;
  const policy = completePolicy(fields.policy);
  return policy.kind === "invalid" ? { reason: "INVALID_POLICY", message: policy.problem } : undefined;
}

function invalid(message: string): RequestProblem {
  return { reason: "INVALID_EXECUTION", message };
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}
