import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { ensureStreams, subjects, type Bus } from "@hearth/bus";
import { HearthError } from "@hearth/errors";
import {
  DemandReportSchema,
  ExecutionService,
  JournalBatchSchema,
  JournalRecordSchema,
  LogBatchSchema,
  Outcome,
  type AttemptEndSchema,
  type ExecutionRequest,
  type LogLineSchema,
  type PoolDemandSchema,
} from "@hearth/proto";
import { service, startGrpcServer, type Handlers } from "@hearth/rpc";
import { jetstream } from "@nats-io/jetstream";

type Event = NonNullable<MessageInitShape<typeof JournalRecordSchema>["event"]>;

/** A router's side of the control plane: it reports demand, accepts what it is asked for, and journals what a test says. */
export interface RouterTwin {
  /** What was accepted, in order. */
  readonly accepted: readonly ExecutionRequest[];
  /** Executions somebody asked to end. */
  readonly cancelled: readonly string[];
  /** Whether an accepted execution goes into the journal at once. On by default. */
  journals: boolean;
  /** Reports this demand from now on. */
  want(...pools: MessageInitShape<typeof PoolDemandSchema>[]): void;
  journal(...events: Event[]): Promise<void>;
  print(runId: string, ...lines: MessageInitShape<typeof LogLineSchema>[]): Promise<void>;
  stop(): Promise<void>;
}

export async function startRouterTwin(bus: Bus): Promise<RouterTwin> {
  await ensureStreams(bus);
  const stream = jetstream(bus.connection);
  const accepted: ExecutionRequest[] = [];
  const cancelled: string[] = [];
  const byKey = new Map<string, string>();
  let pools: MessageInitShape<typeof PoolDemandSchema>[] = [];
  let sequence = 0;
  const unused = (): never => {
    throw new Error("the twin does not do this");
  };
  const handlers: Handlers<typeof ExecutionService> = {
    async submit({ execution }) {
      if (execution === undefined) return unused();
      if (execution.task === "refused") throw new HearthError("BACKLOG_FULL", "The backlog is full.");
      const known =
        byKey.get(execution.idempotencyKey) ??
        accepted.find((e) => e.executionId === execution.executionId)?.executionId;
      if (known !== undefined) return { executionId: known };
      if (execution.idempotencyKey !== "") byKey.set(execution.idempotencyKey, execution.executionId);
      accepted.push(execution);
      if (twin.journals) await twin.journal({ case: "accepted", value: { execution } });
      return { executionId: execution.executionId };
    },
    cancelExecution({ executionId }) {
      cancelled.push(executionId);
      return Promise.resolve({});
    },
    execute: unused,
    getExecution: unused,
    watchExecution: unused,
    executeStream: unused,
  };
  const server = await startGrpcServer({
    host: "127.0.0.1",
    port: 0,
    services: [service(ExecutionService, handlers)],
    report: (_id, thrown) => console.error(thrown),
  });
  const report = (): void => {
    const address = `127.0.0.1:${server.port}`;
    const demand = create(DemandReportSchema, { routerId: "twin", address, sequence: ++sequence, pools });
    bus.publish(subjects.demand("twin"), DemandReportSchema, demand);
  };
  report();
  const reporting = setInterval(report, 100);
  const twin: RouterTwin = {
    accepted,
    cancelled,
    journals: true,
    want(...wanted) {
      pools = wanted;
      report();
    },
    async journal(...events) {
      const records = events.map((event) => create(JournalRecordSchema, { unixMs: Date.now(), event }));
      const batch = create(JournalBatchSchema, { routerId: "twin", records });
      await stream.publish(subjects.journal("twin"), toBinary(JournalBatchSchema, batch));
    },
    async print(runId, ...lines) {
      const batch = create(LogBatchSchema, { replicaId: "r", entries: lines.map((line) => ({ runId, line })) });
      await stream.publish(subjects.logs, toBinary(LogBatchSchema, batch));
    },
    async stop() {
      clearInterval(reporting);
      await server.stop(0);
    },
  };
  return twin;
}

export function dispatched(executionId: string, attempt = 1): Event {
  const waitReason = "all 8 slots busy, at max replicas";
  return {
    case: "dispatched",
    value: { executionId, attempt, replicaId: "replica-7", version: "v", cold: true, waitReason },
  };
}

export function ended(executionId: string, message?: string): Event {
  const outcome = message === undefined ? Outcome.SUCCEEDED : Outcome.FAILED;
  const attempt: MessageInitShape<typeof AttemptEndSchema> = {
    executionId,
    attempt: 1,
    outcome,
    startedUnixMs: Date.now(),
    endedUnixMs: Date.now(),
    runnerPid: 4242,
  };
  const failure = {
    reason: "TASK_FAILED",
    message: message ?? "",
    exceptionType: "ValueError",
    traceback: "Traceback!",
  };
  const end =
    message === undefined
      ? { executionId, outcome, result: { inline: Buffer.from("42") } }
      : { executionId, outcome, failure };
  return { case: "ended", value: { end, attempt } };
}
