/** What a router checks before it takes responsibility for an execution. */
export interface AdmissionSnapshot {
  readonly draining: boolean;
  readonly journalAvailable: boolean;
  readonly request: {
    readonly environment: string;
    readonly task: string;
    readonly argumentBytes: number;
    readonly idempotencyKey: string;
  };
  /** Whether the execution that has the request's id or idempotency key was asked for the same; undefined: there is none. */
  readonly repeats: boolean | undefined;
  /** The environment's tasks, or undefined when it is not deployed. */
  readonly tasks: ReadonlySet<string> | undefined;
  readonly backlog: number;
  readonly bounds: AdmissionBounds;
}

export interface AdmissionBounds {
  readonly argumentBytesMax: number;
  /** Executions without a slot in one pool. */
  readonly backlogMax: number;
}

export type Admission =
  | { readonly kind: "admit" }
  /** It was asked for before: answer with that one. */
  | { readonly kind: "repeat" }
  | {
      readonly kind: "reject";
      readonly reason:
        | "ROUTER_DRAINING"
        | "JOURNAL_UNAVAILABLE"
        | "IDEMPOTENCY_KEY_REUSED"
        | "ENVIRONMENT_NOT_FOUND"
        | "TASK_NOT_FOUND"
        | "PAYLOAD_TOO_LARGE"
        | "BACKLOG_FULL";
      readonly message: string;
      readonly metadata: Readonly<Record<string, string>>;
    };

/** How long a caller should wait before it asks a full backlog again. */
const retryAfterMs = 1_000;

/** Whether to accept an execution. The first rule that applies decides. */
export function decideAdmission(snapshot: AdmissionSnapshot): Admission {
  const { request, repeats, tasks, bounds } = snapshot;
  if (repeats === true) return { kind: "repeat" };
  if (repeats === false) {
    const what = request.idempotencyKey === "" ? "execution id" : `idempotency key "${request.idempotencyKey}"`;
    return reject("IDEMPOTENCY_KEY_REUSED", `The ${what} was used for a different request. Use a new one.`);
  }
  if (snapshot.draining) return reject("ROUTER_DRAINING", "This router is going away. Ask another one.");
  if (!snapshot.journalAvailable) {
    return reject("JOURNAL_UNAVAILABLE", "The journal does not answer. Ask again once NATS is back.", {
      retryAfterMs: `${retryAfterMs}`,
    });
  }
  if (tasks === undefined) {
    return reject("ENVIRONMENT_NOT_FOUND", `No environment "${request.environment}" is deployed. Deploy it first.`);
  }
  if (!tasks.has(request.task)) {
    return reject(
      "TASK_NOT_FOUND",
      `Environment "${request.environment}" has no task "${request.task}". It has: ${nameSome(tasks)}.`,
    );
  }
  if (request.argumentBytes > bounds.argumentBytesMax) {
    return reject(
      "PAYLOAD_TOO_LARGE",
      `The arguments are ${request.argumentBytes} bytes; the bound is ${bounds.argumentBytesMax} inline. Store them (PayloadService), or pass a reference to the data.`,
      { payloadBytes: `${request.argumentBytes}`, payloadBytesMax: `${bounds.argumentBytesMax}` },
    );
  }
  if (snapshot.backlog >= bounds.backlogMax) {
    return reject(
      "BACKLOG_FULL",
      `${snapshot.backlog} executions wait already, which is the bound. Ask again later or raise max replicas.`,
      {
        backlogMax: `${bounds.backlogMax}`,
        retryAfterMs: `${retryAfterMs}`,
      },
    );
  }
  return { kind: "admit" };
}

export type Rejection = Extract<Admission, { kind: "reject" }>;

function reject(reason: Rejection["reason"], message: string, metadata: Rejection["metadata"] = {}): Rejection {
  return { kind: "reject", reason, message, metadata };
}

/** A few of the names, so that a misspelling is seen. */
function nameSome(names: ReadonlySet<string>): string {
  const shown = [...names].slice(0, 10).map((name) => `"${name}"`);
  return names.size > shown.length ? `${shown.join(", ")} and ${names.size - shown.length} more` : shown.join(", ");
}
