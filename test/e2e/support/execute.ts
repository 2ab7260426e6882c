import type { MessageInitShape } from "@bufbuild/protobuf";
import { Outcome, type ExecutionEnd, type ExecutionRequestSchema, type Failure } from "@hearth/proto";
import type { Dev } from "./dev.ts";

/** How an execution ended, its result decoded as JSON. */
export interface Ended {
  readonly id: string;
  readonly outcome: string;
  readonly result: unknown;
  readonly failure: Failure | undefined;
}

/** An execution request for a task with positional arguments. */
export function request(
  environment: string,
  task: string,
  args: readonly unknown[] = [],
): MessageInitShape<typeof ExecutionRequestSchema> {
  return { environment, task, arguments: { inline: new TextEncoder().encode(JSON.stringify({ args })) } };
}

/** Runs a task through a router, as the fastest way in, and waits for its end. */
export async function execute(dev: Dev, ...what: Parameters<typeof request>): Promise<Ended> {
  const { end } = await dev.executions.execute({ execution: request(...what) });
  return readEnd(end);
}

export function readEnd(end: ExecutionEnd | undefined): Ended {
  if (end === undefined) throw new Error("The router answered without an end.");
  const { executionId: id, outcome, result, failure } = end;
  return {
    id,
    outcome: Outcome[outcome].toLowerCase(),
    result: result === undefined ? undefined : JSON.parse(new TextDecoder().decode(result.inline)),
    failure,
  };
}
