import { setTimeout as delay } from "node:timers/promises";
import { HearthError } from "@hearth/errors";
import { ExecutionService, type ExecutionEnd } from "@hearth/proto";
import { createClient, openChannel, type RpcClient } from "@hearth/rpc";
import type { PayloadClient } from "@hearth/sdk/payloads";
import type { Answer } from "../account/facts.ts";
import type { PlannedAsk } from "../plan/plan-work.ts";
import type { Ending } from "../plan/work.ts";
import { endingOf, fromEnd, fromExecution, type Ended } from "./endings.ts";

export type Router = RpcClient<typeof ExecutionService>;
export type Execution = NonNullable<Parameters<Router["submit"]>[0]["execution"]>;

const againAfterMs = 250;

export function routerAt(address: string): { readonly router: Router; close(): void } {
  const channel = openChannel(address);
  return { router: createClient(ExecutionService, channel), close: () => channel.close() };
}

/**
 * Asks until there is an outcome, as a client should: where the connection breaks, or a router says that it cannot, the next
 * one is asked, under the same id or key, and told that this was asked before.
 */
export async function ask(options: {
  readonly name: string;
  readonly number: number;
  readonly planned: PlannedAsk;
  readonly routers: readonly Router[];
  readonly payloads: PayloadClient;
  readonly execution: Execution;
  readonly signal: AbortSignal;
}): Promise<Answer> {
  const { name, number, planned, routers, payloads, execution, signal } = options;
  const answer = { executionId: execution.executionId ?? "", wasAccepted: false, tries: 0, lastTrouble: "" };
  const endings: Ending[] = [];
  const askedMs = Date.now();
  let endedMs = 0;
  while (!signal.aborted && endings.length === 0) {
    const router = routers[(planned.router + answer.tries) % routers.length]!;
    const askedBefore = number > 0 || answer.tries > 0;
    answer.tries += 1;
    try {
      const told = await askOnce(router, { ...execution, askedBefore }, planned.way, signal, (id) => {
        answer.wasAccepted = true;
        answer.executionId = id;
      });
      const [{ id } = { id: "" }] = told;
      Object.assign(answer, { executionId: id, wasAccepted: true });
      endings.push(...(await Promise.all(told.map((ended) => endingOf(ended, payloads)))));
      endedMs = Date.now();
    } catch (error) {
      answer.lastTrouble = error instanceof HearthError ? `${error.reason}: ${error.message}` : String(error);
      await delay(againAfterMs, undefined, { signal }).catch(() => undefined);
    }
  }
  return { name, ask: number, askedMs, endedMs, endings, ...answer };
}

async function askOnce(
  router: Router,
  execution: Execution,
  way: PlannedAsk["way"],
  signal: AbortSignal,
  accepted: (id: string) => void,
): Promise<readonly Ended[]> {
  if (way === "execute") {
    const { end } = await router.execute({ execution }, { signal });
    return [fromEnd(end!)];
  }
  if (way === "stream") return askByStream(router, execution, signal);
  const { executionId } = await router.submit({ execution }, { signal });
  accepted(executionId);
  return way === "submit-watch" ? watch(router, executionId, signal) : poll(router, executionId, signal);
}

async function askByStream(router: Router, execution: Execution, signal: AbortSignal): Promise<readonly Ended[]> {
  const ends: ExecutionEnd[] = [];
  const requests = (async function* () {
    yield await Promise.resolve({ executions: [execution] });
  })();
  for await (const frame of router.executeStream(requests, { signal })) {
    const [refused] = frame.rejections;
    if (refused !== undefined) throw new Error(`${refused.failure?.reason ?? ""}: ${refused.failure?.message ?? ""}`);
    ends.push(...frame.ends);
  }
  if (ends.length === 0) throw new Error("the stream ended without an answer");
  return ends.map(fromEnd);
}

async function watch(router: Router, executionId: string, signal: AbortSignal): Promise<readonly Ended[]> {
  for await (const { execution } of router.watchExecution({ executionId }, { signal })) {
    const ended = execution && fromExecution(execution);
    if (ended !== undefined) return [ended];
  }
  throw new Error("the watch ended before the execution");
}

async function poll(router: Router, executionId: string, signal: AbortSignal): Promise<readonly Ended[]> {
  for (;;) {
    const { execution } = await router.getExecution({ executionId }, { signal });
    const ended = execution && fromExecution(execution);
    if (ended !== undefined) return [ended];
    await delay(againAfterMs, undefined, { signal });
  }
}
