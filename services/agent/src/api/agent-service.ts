import { HearthError } from "@hearth/errors";
import { AgentService, type AttachRequest, type AttachResponse } from "@hearth/proto";
import { openedLater, service, type CallContext, type MountedService } from "@hearth/rpc";
import type { End } from "../core/end-cause.ts";
import type { Attempts } from "../loops/run-attempts.ts";

const defaultGraceMs = 30_000;

/** What routers and the control plane may ask of an agent. `drain` begins a drain and returns at once. */
export function agentService(attempts: Attempts, drain: (end: End, graceMs: number) => void): MountedService {
  return service(AgentService, {
    attach: (frames, context) => openedLater(() => openStream(attempts, frames, context)),

    drain({ reason, graceMs }) {
      drain({ cause: "", reason: reason || "it was asked to drain" }, graceMs ?? defaultGraceMs);
      return Promise.resolve({ running: attempts.live });
    },
  });
}

/** The stream begins once the router has said who it is. */
async function openStream(
  attempts: Attempts,
  frames: AsyncIterable<AttachRequest>,
  { signal }: CallContext,
): Promise<AsyncIterable<AttachResponse>> {
  const requests = frames[Symbol.asyncIterator]();
  const first = await requests.next();
  const routerId = first.done === true ? undefined : first.value.hello?.routerId;
  if (first.done === true || routerId === undefined || routerId === "") {
    throw new HearthError("INVALID_REQUEST", "The first frame of a stream must have a hello with a routerId.");
  }
  if (attempts.isSuperseded(routerId)) {
    throw new HearthError("ROUTER_SUPERSEDED", `Another router has taken over what router ${routerId} had.`);
  }
  const outbox = attempts.openStream(routerId, first.value.hello?.adoptedRouterIds ?? []);
  receive(attempts, routerId, first.value);
  const leave = (): void => attempts.closeStream(routerId, outbox);
  signal.addEventListener("abort", leave, { once: true });
  void readAll(attempts, routerId, requests).then(leave, leave);
  return outbox;
}

async function readAll(attempts: Attempts, routerId: string, frames: AsyncIterator<AttachRequest>): Promise<void> {
  for (let next = await frames.next(); next.done !== true; next = await frames.next())
    receive(attempts, routerId, next.value);
}

function receive(attempts: Attempts, routerId: string, frame: AttachRequest): void {
  if (attempts.isSuperseded(routerId)) return;
  for (const dispatch of frame.dispatches) attempts.dispatch(routerId, dispatch);
  for (const { executionId, attempt } of frame.cancellations) attempts.cancel(executionId, attempt);
  for (const { executionId, attempt } of frame.unknownAttempts) attempts.tellExecution(routerId, executionId, attempt);
  for (const { executionId, attempt } of frame.acknowledgedOutcomes) {
    attempts.acknowledgeAttempt(routerId, executionId, attempt);
  }
  for (const receipt of frame.acknowledgedReceipts) attempts.acknowledge(routerId, receipt);
  for (const end of frame.childEnds) attempts.childEnded(end);
  for (const { executionId, failure } of frame.childRejections) attempts.childRejected(executionId, failure);
}
