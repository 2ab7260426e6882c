import { create } from "@bufbuild/protobuf";
import { subjects, type Bus } from "@hearth/bus";
import {
  AgentService,
  AttachResponseSchema,
  AttemptEndSchema,
  ExecutionRequestSchema,
  FailureSchema,
  Outcome,
  ReplicaState,
  SlotAnnouncementSchema,
  type AttachRequest,
  type AttachResponse,
  type AttemptEnd,
  type AttemptKey,
  type Dispatch,
  type ExecutionRequest,
} from "@hearth/proto";
import { FrameOutbox, service, startGrpcServer, type GrpcServer } from "@hearth/rpc";

interface Stream {
  readonly outbox: FrameOutbox<AttachResponse>;
  /** Dispatches that came over it. */
  seen: number;
}

/** An agent on a real gRPC port whose every answer a test decides. */
export class ScriptedAgent {
  readonly dispatched: Dispatch[] = [];
  readonly received: AttachRequest[] = [];
  /** The attempts it says that it has when a router says hello. */
  live: AttemptKey[] = [];
  /** What it gives for how its next attempts end. 0: it gives none. */
  receipt = 0;
  /** Called when it has said hello to a router. */
  onAttach: () => void = () => undefined;
  /** It does not say hello to routers until the test says so. */
  holdsHello = false;
  /** What to do with a dispatch; by default it succeeds with its own arguments as its result. */
  onDispatch: (dispatch: Dispatch) => void = (dispatch) => this.succeed(dispatch);
  readonly #replicaId: string;
  readonly #environment: string;
  readonly #bus: Bus;
  readonly #slots: number;
  #busy = 0;
  /** To each router that is there. */
  readonly #streams = new Set<Stream>();
  readonly #unanswered: (Stream & { readonly hasTakenOver: boolean })[] = [];
  #server: GrpcServer | undefined;

  constructor(options: {
    readonly bus: Bus;
    readonly replicaId: string;
    readonly environment: string;
    readonly slots: number;
  }) {
    this.#bus = options.bus;
    this.#replicaId = options.replicaId;
    this.#environment = options.environment;
    this.#slots = options.slots;
  }

  async start(): Promise<void> {
    const handlers = service(AgentService, {
      attach: (frames, { signal }) => this.#attach(frames, signal),
      drain: () => Promise.resolve({}),
    });
    const report = (_id: string, error: unknown): void => {
      throw error;
    };
    this.#server = await startGrpcServer({ host: "127.0.0.1", port: 0, services: [handlers], report });
    this.announce(ReplicaState.READY);
  }

  announce(state: ReplicaState): void {
    this.#bus.publish(
      subjects.slots(this.#environment),
      SlotAnnouncementSchema,
      create(SlotAnnouncementSchema, {
        ...{
          replicaId: this.#replicaId,
          environment: this.#environment,
          pool: this.#environment,
          version: "v1",
          state,
        },
        ...{ address: `127.0.0.1:${this.#server?.port ?? 0}`, total: this.#slots, free: this.#slots - this.#busy },
      }),
    );
  }

  succeed(dispatch: Dispatch): void {
    const end = endOf(dispatch, Outcome.SUCCEEDED);
    if (dispatch.arguments !== undefined) end.result = dispatch.arguments;
    this.#end(end);
  }

  /** The task raises an exception of this class. */
  fail(dispatch: Dispatch, exceptionType: string, traceback = ""): void {
    const end = endOf(dispatch, Outcome.FAILED);
    end.failure = create(FailureSchema, { reason: "TASK_FAILED", message: "it raised", exceptionType, traceback });
    this.#end(end);
  }

  #end(end: AttemptEnd): void {
    this.#busy -= 1;
    end.receipt = this.receipt;
    this.say((frame) => frame.ends.push(end), end.result?.inline.length);
    this.#tellSlots();
  }

  /** Sends anything an agent may say, to every router that is there: those it does not concern take no notice. */
  say(fill: (frame: AttachResponse) => void, weightBytes = 0): void {
    for (const { outbox } of this.#streams) fill(outbox.frame(weightBytes));
  }

  /** The routers that others said they had taken over, so far. */
  adoptedRouterIds(): readonly string[] {
    return this.received.flatMap(({ hello }) => hello?.adoptedRouterIds ?? []);
  }

  async stop(): Promise<void> {
    await this.#server?.stop(0);
  }

  async *#attach(frames: AsyncIterable<AttachRequest>, signal: AbortSignal): AsyncGenerator<AttachResponse> {
    const outbox = new FrameOutbox<AttachResponse>(() => create(AttachResponseSchema));
    const stream: Stream = { outbox, seen: 0 };
    this.#streams.add(stream);
    const read = async (): Promise<void> => {
      for await (const frame of frames) this.#receive(stream, frame);
    };
    const leave = (): void => {
      this.#streams.delete(stream);
      outbox.end();
    };
    read().then(leave, leave);
    signal.addEventListener("abort", leave);
    yield* outbox;
  }

  #receive(stream: Stream, frame: AttachRequest): void {
    this.received.push(frame);
    const { hello } = frame;
    if (hello !== undefined) this.#unanswered.push({ ...stream, hasTakenOver: hello.adoptedRouterIds.length > 0 });
    if (!this.holdsHello) this.sayHello();
    for (const { executionId } of frame.unknownAttempts) {
      const dispatch = this.dispatched.find((each) => each.executionId === executionId);
      if (dispatch !== undefined) stream.outbox.frame().unknownExecutions.push(toRequest(dispatch));
    }
    for (const dispatch of frame.dispatches) {
      this.#busy += 1;
      stream.seen += 1;
      this.dispatched.push(dispatch);
      this.onDispatch(dispatch);
    }
  }

  /** To every router that has not heard it. */
  sayHello(): void {
    for (const { outbox, hasTakenOver } of this.#unanswered.splice(0)) {
      outbox.frame().hello = {
        $typeName: "hearth.v1.AgentHello",
        replicaId: this.#replicaId,
        pool: this.#environment,
        version: "v1",
        liveAttempts: this.live,
        adoptedAttempts: hasTakenOver ? this.live : [],
      };
      this.#tellSlots();
      this.onAttach();
    }
  }

  #tellSlots(): void {
    for (const { outbox, seen } of this.#streams) {
      outbox.frame().slots = {
        $typeName: "hearth.v1.Slots",
        sequence: 0,
        total: this.#slots,
        free: this.#slots - this.#busy,
        dispatchesSeen: seen,
      };
    }
  }
}

function toRequest(dispatch: Dispatch): ExecutionRequest {
  const { executionId, task, runId, deadlineUnixMs, arguments: payload } = dispatch;
  const request = create(ExecutionRequestSchema, dispatch.request);
  Object.assign(request, { executionId, task, runId, deadlineUnixMs, arguments: payload });
  return request;
}

function endOf({ executionId, attempt }: Dispatch, outcome: Outcome): AttemptEnd {
  const times = { startedUnixMs: 1, endedUnixMs: 2 };
  return create(AttemptEndSchema, { executionId, attempt, outcome, runnerPid: 7, ...times });
}
