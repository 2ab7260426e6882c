/** The fields of a request that have bounds of their own. */
export interface RequestFields {
  readonly executionId: string;
  readonly runId: string;
  readonly parentId: string;
  readonly environment: string;
  readonly task: string;
  readonly idempotencyKey: string;
  /** The replica bounds and slots of a policy override, or undefined without one. */
  readonly policy:
    | {
        readonly minReplicas: number | undefined;
        readonly maxReplicas: number | undefined;
        readonly concurrency: number | undefined;
      }
    | undefined;
}

export type RequestProblem = { readonly reason: "INVALID_EXECUTION" | "INVALID_POLICY"; readonly message: string };

const ulidPattern = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;
const idempotencyKeyLengthMax = 200;
const countMax = 10_000;

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
  return fields.policy === undefined ? undefined : findPolicyProblem(fields.policy);
}

function findPolicyProblem(policy: NonNullable<RequestFields["policy"]>): RequestProblem | undefined {
  const { minReplicas, maxReplicas, concurrency } = policy;
  if (concurrency !== undefined && (concurrency < 1 || concurrency > countMax)) {
    return invalidPolicy(`concurrency is ${concurrency}; it must be from 1 to ${countMax}.`);
  }
  if (maxReplicas !== undefined && (maxReplicas < 1 || maxReplicas > countMax)) {
    return invalidPolicy(`maxReplicas is ${maxReplicas}; it must be from 1 to ${countMax}.`);
  }
  if (minReplicas !== undefined && maxReplicas !== undefined && minReplicas > maxReplicas) {
    return invalidPolicy(
      `minReplicas ${minReplicas} is above maxReplicas ${maxReplicas}. Swap them or raise maxReplicas.`,
    );
  }
  return undefined;
}

function invalid(message: string): RequestProblem {
  return { reason: "INVALID_EXECUTION", message };
}

function invalidPolicy(message: string): RequestProblem {
  return { reason: "INVALID_POLICY", message };
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}
