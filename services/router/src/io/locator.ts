import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { subjects, type Bus } from "@hearth/bus";
import type { Clock } from "@hearth/clock";
import { LocateRequestSchema, LocateResponseSchema, type LocateRequest, type LocateResponse } from "@hearth/proto";
import { createInbox } from "@nats-io/transport-node";

/** Asks all routers at once for executions, and answers for this one. */
export class Locator {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #routerId: string;

  constructor(bus: Bus, clock: Clock, routerId: string) {
    this.#bus = bus;
    this.#clock = clock;
    this.#routerId = routerId;
  }

  /** Answers what the others ask from now on, but where `isHere` cannot tell. */
  answer(address: string, isHere: (executionId: string, askerId: string) => boolean | undefined): void {
    const routerId = this.#routerId;
    this.#bus.connection.subscribe(subjects.locate, {
      callback(error, message) {
        if (error !== null) return;
        const { executionId, routerId: askerId } = readRequest(message.data);
        if (askerId === routerId) return;
        const found = isHere(executionId, askerId);
        if (found === undefined) return;
        const response = create(LocateResponseSchema, { routerId, address, found });
        message.respond(toBinary(LocateResponseSchema, response));
      },
    });
  }

  /**
   * Asks until everyone in `routerIds` has answered, one has the execution, or the time is over. `heard` is called for each
   * answer as it comes, before anything is answered that its router asks later.
   */
  async ask(options: {
    readonly executionId: string;
    readonly routerIds: ReadonlySet<string>;
    readonly waitMs: number;
    readonly heard: (response: LocateResponse) => void;
  }): Promise<readonly LocateResponse[]> {
    const { executionId, routerIds, waitMs, heard } = options;
    const { connection } = this.#bus;
    const responses: LocateResponse[] = [];
    const waiting = new Set(routerIds);
    const { promise: enough, resolve } = Promise.withResolvers<void>();
    const inbox = createInbox();
    const answers = connection.subscribe(inbox, {
      callback(error, message) {
        const response = error === null ? readResponse(message.data) : undefined;
        if (response === undefined) return;
        heard(response);
        responses.push(response);
        waiting.delete(response.routerId);
        if (response.found || waiting.size === 0) resolve();
      },
    });
    const patience = this.#clock.after(waitMs, resolve);
    const request = create(LocateRequestSchema, { executionId, routerId: this.#routerId });
    try {
      connection.publish(subjects.locate, toBinary(LocateRequestSchema, request), { reply: inbox });
      await enough;
    } finally {
      patience.cancel();
      answers.unsubscribe();
    }
    return responses;
  }
}

/** What cannot be read asks for nothing. */
function readRequest(data: Uint8Array): LocateRequest {
  try {
    return fromBinary(LocateRequestSchema, data);
  } catch {
    return create(LocateRequestSchema);
  }
}

/** What cannot be read is no router's answer. */
function readResponse(data: Uint8Array): LocateResponse | undefined {
  try {
    return fromBinary(LocateResponseSchema, data);
  } catch {
    return undefined;
  }
}
