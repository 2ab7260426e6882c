import { create } from "@bufbuild/protobuf";
import { subjects, type Bus } from "@hearth/bus";
import {
  AgentService,
  AttachResponseSchema,
  AttemptEndSchema,
  Outcome,
  ReplicaState,
  SlotAnnouncementSchema,
  type AttachRequest,
  type AttachResponse,
  type Dispatch,
} from "@hearth/proto";
import { FrameOutbox, service, startGrpcServer, type GrpcServer } from "@hearth/rpc";

/** An agent on a real gRPC port whose every answer a test decides. */
export class ScriptedAgent {
  readonly dispatched: Dispatch[] = [];
  readonly received: AttachRequest[] = [];
  /** What to do with a dispatch; by default it succeeds with its own arguments as its result. */
  onDispatch: (dispatch: Dispatch) => void = (dispatch) => this.succeed(dispatch);
  readonly #replicaId: string;
  readonly #environment: string;
  readonly #bus: Bus;
  readonly #slots: number;
  #busy = 0;
  #seen = 0;
  #outbox: FrameOutbox<AttachResponse> | undefined;
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
    const { executionId, attempt } = dispatch;
    const end = create(AttemptEndSchema, {
      executionId,
      attempt,
      outcome: Outcome.SUCCEEDED,
      runnerPid: 7,
      startedUnixMs: 1,
      endedUnixMs: 2,
    });
    if (dispatch.arguments !== undefined) end.result = dispatch.arguments;
    this.#busy -= 1;
    this.#outbox?.frame().ends.push(end);
    this.#tellSlots();
  }

  /** Sends anything else an agent may say. */
  say(fill: (frame: AttachResponse) => void): void {
    if (this.#outbox !== undefined) fill(this.#outbox.frame());
  }

  async stop(): Promise<void> {
    await this.#server?.stop(0);
  }

  async *#attach(frames: AsyncIterable<AttachRequest>, signal: AbortSignal): AsyncGenerator<AttachResponse> {
    const outbox = new FrameOutbox<AttachResponse>(() => create(AttachResponseSchema));
    this.#outbox = outbox;
    this.#seen = 0;
    const read = async (): Promise<void> => {
      for await (const frame of frames) this.#receive(frame);
    };
    const leave = (): void => outbox.end();
    read().then(leave, leave);
    signal.addEventListener("abort", leave);
    yield* outbox;
  }

  #receive(frame: AttachRequest): void {
    this.received.push(frame);
    if (frame.hello !== undefined) {
      this.say(
        (first) =>
          (first.hello = {
            $typeName: "hearth.v1.AgentHello",
            replicaId: this.#replicaId,
            pool: this.#environment,
            version: "v1",
            liveAttempts: [],
          }),
      );
      this.#tellSlots();
    }
    for (const dispatch of frame.dispatches) {
      this.#busy += 1;
      this.#seen += 1;
      this.dispatched.push(dispatch);
      this.onDispatch(dispatch);
    }
  }

  #tellSlots(): void {
    this.say((frame) => {
      frame.slots = {
        $typeName: "hearth.v1.Slots",
        sequence: 0,
        total: this.#slots,
        free: this.#slots - this.#busy,
        dispatchesSeen: this.#seen,
      };
    });
  }
}
