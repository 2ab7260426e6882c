import { ExecutionPhase, type LogLine, type Run, type RunService } from "@hearth/proto";
import type { RpcClient } from "@hearth/rpc";
import { ClientError, Status } from "nice-grpc";
import type { Patience } from "./patience.ts";

interface Following {
  readonly runs: Pick<RpcClient<typeof RunService>, "getRun" | "watchRun" | "readLogs">;
  readonly patience: Patience;
}

/** A run's states until it has ended, however often the control plane goes away meanwhile. */
export async function* followRun({ runs, patience }: Following, name: string): AsyncGenerator<Run, void> {
  const attempts = patience.begin();
  for (;;) {
    try {
      for await (const { run } of runs.watchRun({ name })) {
        attempts.heard();
        if (run === undefined) continue;
        yield run;
        if (!isLive(run.phase)) return;
      }
      await attempts.pause(endedEarly());
    } catch (error) {
      await attempts.pause(error);
    }
  }
}

/** What a run's tasks print, each line once; with `follow` until the run has ended, in the same way. */
export async function* followLogs(
  { runs, patience }: Following,
  request: { readonly run: string; readonly executionId?: string; readonly follow: boolean },
): AsyncGenerator<LogLine, void> {
  const attempts = patience.begin();
  let given = 0;
  for (;;) {
    // A stream begins with the first line, and their order is always the same.
    let toSkip = given;
    try {
      for await (const { lines } of runs.readLogs(request)) {
        attempts.heard();
        for (const line of lines.slice(toSkip)) {
          given += 1;
          yield line;
        }
        toSkip = Math.max(0, toSkip - lines.length);
      }
      if (!request.follow || !(await isRunLive(runs, request.run))) return;
      await attempts.pause(endedEarly());
    } catch (error) {
      await attempts.pause(error);
    }
  }
}

async function isRunLive(runs: Following["runs"], name: string): Promise<boolean> {
  const { run } = await runs.getRun({ name });
  return run !== undefined && isLive(run.phase);
}

function isLive(phase: ExecutionPhase): boolean {
  return phase === ExecutionPhase.QUEUED || phase === ExecutionPhase.RUNNING || phase === ExecutionPhase.UNSPECIFIED;
}

/** A stream that ends before the run does ended with its control plane. */
function endedEarly(): ClientError {
  return new ClientError("", Status.UNAVAILABLE, "the stream ended early");
}
