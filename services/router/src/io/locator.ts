import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { subjects, type Bus } from "@hearth/bus";
import type { Clock } from "@hearth/clock";
import { LocateRequestSchema, LocateResponseSchema, type LocateRequest, type LocateResponse } from "@hearth/proto";
import { createInbox } from "@nats-io/transport-node";

/** So many ids are far below what NATS takes as one message. */
export const askedTogetherMax = 4_096;

/** Whether an execution is at the answering router; undefined: that cannot be told yet. */
export type IsHere = (executionId: string, askerId: string) => boolean | undefined;

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
  answer(address: string, isHere: IsHere): void {
    const routerId = this.#routerId;
    this.#bus.connection.subscribe(subjects.locate, {
      callback(error, message) {
        if (error !== null) return;
        const request = readRequest(message.data);
        if (request.routerId === routerId) return;
        const told = request.executionIds.length === 0 ? tellOne(request, isHere) : tellMany(request, isHere);
        if (told === undefined) return;
        message.respond(toBinary(LocateResponseSchema, create(LocateResponseSchema, { routerId, address, ...told })));
      },
    });
  }

  /**
   * Asks for an execution until everyone in `routerIds` has answered, one has it, or the time is over. `heard` is called for each
   * answer as it comes, before anything is answered that its router asks later.
   */
  ask({ executionId, ...asked }: Asked & { readonly executionId: string }): Promise<readonly LocateResponse[]> {
    return this.#ask({ executionId }, asked);
  }

  /** Asks for many executions until everyone has answered or the time is over. Who cannot answer for many says nothing of any. */
  async askForMany({
    executionIds,
    ...asked
  }: Asked & { readonly executionIds: readonly string[] }): Promise<readonly LocateResponse[]> {
    const answers = await this.#ask({ executionIds: [...executionIds] }, asked);
    return answers.filter(({ aboutMany }) => aboutMany);
  }

  async #ask(
    asked: { readonly executionId: string } | { readonly executionIds: string[] },
    { routerIds, waitMs, heard }: Asked,
  ): Promise<readonly LocateResponse[]> {
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
    const request = create(LocateRequestSchema, { ...asked, routerId: this.#routerId });
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

interface Asked {
  readonly routerIds: ReadonlySet<string>;
  readonly waitMs: number;
  readonly heard: (response: LocateResponse) => void;
}

function tellOne({ executionId, routerId }: LocateRequest, isHere: IsHere): { readonly found: boolean } | undefined {
  const found = isHere(executionId, routerId);
  return found === undefined ? undefined : { found };
}

function tellMany(
  { executionIds, routerId }: LocateRequest,
  isHere: IsHere,
): { readonly aboutMany: true; readonly foundIds: string[] } | undefined {
  const foundIds: string[] = [];
  for (const executionId of executionIds) {
    const found = isHere(executionId, routerId);
    if (found === undefined) return undefined;
    if (found) foundIds.push(executionId);
  }
  return { aboutMany: true, foundIds };
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
