import { create } from "@bufbuild/protobuf";
import {
  AgentService,
  AttachRequestSchema,
  RouterHelloSchema,
  emptyMessage,
  type AttachRequest,
  type AttachResponse,
  type AttemptEnd,
  type AttemptKey,
  type Dispatch,
  type ExecutionEnd,
  type ExecutionRejection,
} from "@hearth/proto";
import { callStream, FrameOutbox } from "@hearth/rpc";

/** The stream to one agent. What is sent after it broke is dropped: the agent tells on the next one what arrived. */
export interface AgentConnection {
  dispatch(dispatch: Dispatch): void;
  cancel(key: AttemptKey): void;
  /** Asks what the execution of an attempt is that the agent has and this router does not know. */
  askAbout(key: AttemptKey): void;
  /** Lets the agent forget an outcome. Nothing waits for it, so it leaves with what comes next, or a few milliseconds later. */
  acknowledge(report: AttemptEnd): void;
  childEnded(end: ExecutionEnd): void;
  childRejected(rejection: ExecutionRejection): void;
  close(): void;
}

export type OpenAgentConnection = typeof openAgentConnection;

/** Opens the stream. `frame` gets everything the agent says; `closed` is called once, after which nothing comes. */
export function openAgentConnection(options: {
  readonly address: string;
  readonly routerId: string;
  /** Routers whose attempts are this one's. */
  readonly adoptedRouterIds: readonly string[];
  readonly frame: (frame: AttachResponse) => void;
  readonly closed: (error?: unknown) => void;
}): AgentConnection {
  const outbox = new FrameOutbox<AttachRequest>(() => emptyMessage(AttachRequestSchema));
  outbox.frame().hello = create(RouterHelloSchema, {
    routerId: options.routerId,
    adoptedRouterIds: [...options.adoptedRouterIds],
  });
  const leave = new AbortController();
  const read = async (): Promise<void> => {
    // Throws at an address that is none, which then is a stream that closed.
    const frames = callStream(options.address, AgentService.method.attach, outbox, { signal: leave.signal });
    for await (const frame of frames) options.frame(frame);
  };
  read().then(() => options.closed(), options.closed);
  return {
    dispatch: (dispatch) => void outbox.frame(dispatch.arguments?.inline.length).dispatches.push(dispatch),
    cancel: (key) => void outbox.frame().cancellations.push(key),
    askAbout: (key) => void outbox.frame().unknownAttempts.push(key),
    acknowledge({ receipt, executionId, attempt }) {
      const frame = outbox.lingeringFrame();
      if (receipt !== 0) frame.acknowledgedReceipts.push(receipt);
      else frame.acknowledgedOutcomes.push({ $typeName: "hearth.v1.AttemptKey", executionId, attempt });
    },
    childEnded: (end) => void outbox.frame(end.result?.inline.length).childEnds.push(end),
    childRejected: (rejection) => void outbox.frame().childRejections.push(rejection),
    close: () => leave.abort(),
  };
}
