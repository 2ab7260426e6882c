/** gRPC status names a reason may have. `null` in a spec: no RPC error, but an outcome's failure or a client's own word. */
export type Status =
  | "INVALID_ARGUMENT"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "FAILED_PRECONDITION"
  | "RESOURCE_EXHAUSTED"
  | "UNAVAILABLE"
  | "INTERNAL";

export interface ReasonSpec {
  /** The one gRPC status this reason travels under, or null when it is never an RPC error. */
  readonly status: Status | null;
  /** What it means, for docs/errors.md. */
  readonly meaning: string;
}

/** Every reason Hearth gives for not doing what was asked. docs/errors.md lists the same, and a test keeps them equal. */
export const reasons = {
  ANSWERS_UNREAD: {
    status: "RESOURCE_EXHAUSTED",
    meaning:
      "Too many bytes of a stream's answers were not read. What it asked for goes on; ask again under the same ids.",
  },
  ATTEMPT_TIMED_OUT: { status: null, meaning: "The attempt took longer than its timeout." },
  BACKLOG_FULL: {
    status: "RESOURCE_EXHAUSTED",
    meaning: "The pool's backlog is at its bound. Ask again after the hint.",
  },
  BLOCKING_CALL: {
    status: null,
    meaning: "Task code called a synchronous task on its event loop; await task.aio(...) instead.",
  },
  BUNDLE_HASH_MISMATCH: {
    status: "INVALID_ARGUMENT",
    meaning: "The uploaded bytes do not have the hash they were sent under.",
  },
  BUNDLE_NOT_FOUND: {
    status: "FAILED_PRECONDITION",
    meaning: "The environment names a code bundle that was never uploaded.",
  },
  BUNDLE_TOO_LARGE: { status: "RESOURCE_EXHAUSTED", meaning: "The code bundle is over its bound." },
  CANCELLED: { status: null, meaning: "Somebody asked for the execution to end." },
  CODE_IMPORT_FAILED: { status: null, meaning: "The user's code raised while it was loaded." },
  CONTROL_PLANE_UNREACHABLE: { status: null, meaning: "A client: nothing answers at the control plane's address." },
  DEADLINE_EXCEEDED: { status: null, meaning: "The deadline of the execution, or of one that called it, has passed." },
  ENTRYPOINT_NOT_FOUND: {
    status: null,
    meaning: "The code loaded, but the task is not in it where the deployment said.",
  },
  ENVIRONMENT_DELETED: { status: null, meaning: "The environment was deleted while the execution waited." },
  ENVIRONMENT_NOT_FOUND: { status: "NOT_FOUND", meaning: "No environment of that name is deployed." },
  EXECUTION_NOT_FOUND: { status: "NOT_FOUND", meaning: "This router does not know the execution." },
  FILE_NOT_RUNNABLE: {
    status: null,
    meaning: "A client: the file cannot be run; it is not there, of no known language, or started no run.",
  },
  GRACE_PERIOD_OVER: {
    status: null,
    meaning: "The replica was drained and its grace period ended before the attempt did.",
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: "ALREADY_EXISTS",
    meaning: "The idempotency key was used for a different request.",
  },
  IMAGE_BUILD_FAILED: {
    status: "FAILED_PRECONDITION",
    meaning: "A step of the image failed; the message has its last lines.",
  },
  IMAGE_NOT_SUPPORTED: {
    status: "INVALID_ARGUMENT",
    meaning: "The provider cannot honour a step of the image; the message names it.",
  },
  INSTALLATION_NOT_FOUND: { status: null, meaning: "A client: no configuration says where Hearth is." },
  INTERNAL: { status: "INTERNAL", meaning: "A defect in Hearth. The error id finds it in the logs." },
  INVALID_ARGUMENTS: { status: null, meaning: "The arguments do not fit the task's parameters." },
  INVALID_ENVIRONMENT: {
    status: "INVALID_ARGUMENT",
    meaning: "A field of the environment is out of its bounds; the message names it.",
  },
  INVALID_EXECUTION: {
    status: "INVALID_ARGUMENT",
    meaning: "A field of the execution request is out of its bounds; the message names it.",
  },
  INVALID_POLICY: {
    status: "INVALID_ARGUMENT",
    meaning: "A field of the policy is out of its bounds; the message names it.",
  },
  INVALID_REQUEST: {
    status: "INVALID_ARGUMENT",
    meaning: "The request cannot be decoded, or a field of it is out of its bounds; the message says which.",
  },
  INVALID_RESOURCES: {
    status: "INVALID_ARGUMENT",
    meaning: "A resource quantity cannot be read; the message names it.",
  },
  JOURNAL_UNAVAILABLE: {
    status: "UNAVAILABLE",
    meaning:
      "The journal takes nothing: an execution was not accepted, or how one has ended cannot be told yet. Ask again.",
  },
  NATS_UNAVAILABLE: {
    status: "UNAVAILABLE",
    meaning: "NATS does not answer, and what was asked needs it. Ask again after the hint.",
  },
  NOT_SERIALIZABLE: { status: null, meaning: "A value cannot be sent; the message names where it is." },
  NO_ROUTER: { status: "UNAVAILABLE", meaning: "No router is announcing itself." },
  OUT_OF_MEMORY: {
    status: null,
    meaning: "The runner died of memory while it had the attempt. Give the environment more, or the task less to hold.",
  },
  PAYLOAD_NOT_FOUND: {
    status: "NOT_FOUND",
    meaning: "A stored payload is not there: it went with the runs that named it, or was never stored.",
  },
  PAYLOAD_STORE_FULL: { status: "RESOURCE_EXHAUSTED", meaning: "The object store takes no more payloads." },
  PAYLOAD_TOO_LARGE: {
    status: "RESOURCE_EXHAUSTED",
    meaning: "Arguments or a result are over the bound of a payload.",
  },
  QUEUE_TIMED_OUT: { status: null, meaning: "The execution waited for its first slot for longer than it may." },
  REPLICA_DRAINING: { status: null, meaning: "The agent is draining and takes no attempts." },
  REPLICA_LOST: { status: null, meaning: "The replica was not heard of for too long while it had the attempt." },
  ROUTERS_SILENT: {
    status: "UNAVAILABLE",
    meaning:
      "A router that may have the execution neither answers nor has been taken over yet. Ask again after the hint.",
  },
  ROUTER_DRAINING: { status: "UNAVAILABLE", meaning: "The router is going away. Ask another one." },
  ROUTER_SUPERSEDED: {
    status: "UNAVAILABLE",
    meaning: "Another router has taken over what this one had: it was silent for too long. Ask another one.",
  },
  ROUTER_UNREACHABLE: { status: null, meaning: "A client: nothing answers at the router's address." },
  RUNNER_CRASHED: { status: null, meaning: "The runner died while it had the attempt; the message says how." },
  RUN_NOT_FOUND: { status: "NOT_FOUND", meaning: "The history has no run of that name." },
  SLOTS_FULL: { status: null, meaning: "The agent has no free slot." },
  STALE_ATTEMPT: { status: null, meaning: "The agent has seen this attempt or a later one." },
  TASK_FAILED: { status: null, meaning: "The user's task raised; the failure has its message and traceback." },
  TASK_NOT_FOUND: { status: "NOT_FOUND", meaning: "The environment has no task of that name." },
} as const satisfies Record<string, ReasonSpec>;

export type Reason = keyof typeof reasons;

export function isReason(text: string): text is Reason {
  return Object.hasOwn(reasons, text);
}
