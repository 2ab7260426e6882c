import { create } from "@bufbuild/protobuf";
import type { Clock } from "@hearth/clock";
import { ExecutionRequestSchema, type ExecutionRequest, type Run, type RunService } from "@hearth/proto";
import type { CallContext, Handlers } from "@hearth/rpc";
import type { SpanDescription, Tracing } from "@hearth/telemetry";
import { phaseOf, type ExecutionHistory } from "../core/execution-history.ts";
import { waitReasonIn, type Pools } from "../core/pool-view.ts";
import type { ChangeFeed } from "../io/change-feed.ts";
import type { HistoryStore, RunHistory } from "../io/history-store.ts";
import type { Peers } from "../io/peers.ts";
import { executionToMessage, runToMessage } from "../io/wire/execution-message.ts";
import { acceptedRun, cancelRun, checkRunRequest, submitRun } from "./create-run.ts";
import type { Environments } from "./environments.ts";
import { decodePageToken, encodePageToken, pageSize } from "./page.ts";
import { readLogs } from "./read-logs.ts";
import type { RunReader } from "./run-history.ts";
import { watchRun } from "./watch-run.ts";

export interface RunServiceOptions {
  readonly clock: Clock;
  readonly environments: Environments;
  readonly store: HistoryStore;
  readonly runs: RunReader;
  readonly pools: Pools;
  readonly peers: Peers;
  readonly tracing: Tracing;
  /** Tells under a run's name, with the ids of executions that changed, and under its `linesKey` of new log lines. */
  readonly runFeed: ChangeFeed;
  readonly newId: (now: number) => string;
  /** The page of a run. */
  readonly urlOf: (run: string) => string;
}

export function runHandlers(options: RunServiceOptions): Handlers<typeof RunService> {
  const { clock, store, runs, pools, peers, urlOf } = options;
  const toMessage = (run: RunHistory): Run => runToMessage(run, urlOf(run.root.id));
  const waitReasonOf = ({ environment, pool }: ExecutionHistory): string =>
    waitReasonIn(pools.pools(environment), pool);
  return {
    async createRun({ execution }, context) {
      return { run: toMessage(await createRun(options, execution ?? create(ExecutionRequestSchema), context)) };
    },
    async getRun({ name }) {
      return { run: toMessage(await runs.get(name)) };
    },
    async listRuns({ environment, pageSize: asked, pageToken }) {
      const limit = pageSize(asked, 50);
      const before = decodePageToken(pageToken);
      const found = await store.listRuns({ environment: environment || undefined, limit, before });
      const last = found.at(-1)?.root;
      return {
        runs: found.map(toMessage),
        nextPageToken: last === undefined || found.length < limit ? "" : encodePageToken(last),
      };
    },
    watchRun: ({ name, executions }, { signal }) => watchRun({ ...options, name, executions, signal, toMessage }),
    async cancelRun({ name }, { signal }) {
      const { root } = await runs.get(name);
      if (root.outcome === "none") await cancelRun({ pools, clock, signal, peers }, name);
      return {};
    },
    async listExecutions({ run: name, pageSize: asked, pageToken }) {
      const limit = pageSize(asked, 100);
      const after = decodePageToken(pageToken);
      const found = await runs.executions(await runs.get(name), { limit, after });
      const last = found.at(-1);
      return {
        executions: found.map((execution) => executionToMessage(execution, waitReasonOf(execution))),
        nextPageToken: last === undefined || found.length < limit ? "" : encodePageToken(last),
      };
    },
    readLogs: ({ run, executionId, follow }, { signal }) =>
      readLogs({ ...options, name: run, executionId: executionId || undefined, follow, signal }),
  };
}

function describe({ environment, task }: ExecutionRequest): SpanDescription {
  const attributes = { "hearth.environment": environment, "hearth.task": task };
  return { name: "create run", kind: "server", attributes };
}

async function createRun(
  options: RunServiceOptions,
  asked: ExecutionRequest,
  context: CallContext,
): Promise<RunHistory> {
  const { clock, environments, runs, tracing } = options;
  checkRunRequest(asked, await environments.get(asked.environment));
  const parent = {
    traceparent: asked.traceparent || (context.header("traceparent") ?? ""),
    tracestate: asked.tracestate || (context.header("tracestate") ?? ""),
    unsampled: asked.unsampled,
  };
  const span = tracing.start(parent, describe, asked);
  try {
    const now = clock.now();
    const executionId = asked.executionId || options.newId(now);
    const execution = { ...asked, executionId, ...span.context };
    const id = await submitRun({ ...options, signal: context.signal }, execution);
    span.setAttribute("hearth.run", id);
    const run = (await runs.find(id)) ?? acceptedRun(execution, id, now);
    if (phaseOf(run.root) === "queued") runs.remember(run);
    span.end();
    return run;
  } catch (error) {
    span.end({ error: (error as Error).message });
    throw error;
  }
}
