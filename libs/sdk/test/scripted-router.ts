import { ExecutionService, Outcome, type ExecuteStreamResponseSchema, type ExecutionRequest } from "@hearth/proto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { service, startGrpcServer, type GrpcServer, type Handlers } from "@hearth/rpc";

type Answer = MessageInitShape<typeof ExecuteStreamResponseSchema>;

/** What a router does with a frame of requests: answers it, says nothing for now, or breaks the stream. */
export type Reaction = (executions: readonly ExecutionRequest[]) => Answer | "silence" | "break";

/** A router over real gRPC whose answers a test decides. */
export interface ScriptedRouter extends AsyncDisposable {
  readonly address: string;
  /** What it was asked, in order. */
  readonly asked: readonly ExecutionRequest[];
  reaction: Reaction;
}

export async function startScriptedRouter(reaction: Reaction, port = 0): Promise<ScriptedRouter> {
  const asked: ExecutionRequest[] = [];
  const handlers: Partial<Handlers<typeof ExecutionService>> = {
    async *executeStream(frames) {
      for await (const { executions } of frames) {
        asked.push(...executions);
        const answer = router.reaction(executions);
        if (answer === "break") return;
        if (answer !== "silence") yield answer;
      }
    },
  };
  const services = [service(ExecutionService, handlers as Handlers<typeof ExecutionService>)];
  const server: GrpcServer = await startGrpcServer({ host: "127.0.0.1", port, services, report: () => undefined });
  const router = {
    address: `127.0.0.1:${server.port}`,
    asked,
    reaction,
    [Symbol.asyncDispose]: () => server.stop(0),
  };
  return router;
}

/** Every execution ends with this result. */
export function succeedWith(result: unknown): Reaction {
  const inline = Buffer.from(JSON.stringify(result));
  return (executions) => ({
    ends: executions.map(({ executionId }) => ({ executionId, outcome: Outcome.SUCCEEDED, result: { inline } })),
  });
}

/** Every execution ends without a result. */
export function endWith(outcome: Outcome, reason: string): Reaction {
  return (executions) => ({
    ends: executions.map(({ executionId }) => ({ executionId, outcome, failure: { reason, message: "m" } })),
  });
}

/** Every execution is refused. */
export function refuseWith(reason: string, retryAfterMs = 0): Reaction {
  return (executions) => ({
    rejections: executions.map(({ executionId }) => ({ executionId, failure: { reason, message: "m" }, retryAfterMs })),
  });
}
