import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { subjects, type Bus } from "@hearth/bus";
import { LocateRequestSchema, LocateResponseSchema, type LocateResponse } from "@hearth/proto";

/** Asks all routers at once for executions, and answers for this one. */
export class Locator {
  readonly #bus: Bus;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** Answers what the others ask from now on. */
  answer(options: {
    readonly routerId: string;
    readonly address: string;
    readonly knows: (executionId: string) => boolean;
  }): void {
    const { routerId, address, knows } = options;
    this.#bus.connection.subscribe(subjects.locate, {
      callback(error, message) {
        if (error !== null) return;
        const found = knows(readId(message.data));
        const response = create(LocateResponseSchema, { routerId, address, found });
        message.respond(toBinary(LocateResponseSchema, response));
      },
    });
  }

  /** Asks until everyone in `routerIds` has answered, one has the execution, or the time is over. */
  async ask(executionId: string, routerIds: ReadonlySet<string>, waitMs: number): Promise<readonly LocateResponse[]> {
    const request = toBinary(LocateRequestSchema, create(LocateRequestSchema, { executionId }));
    const responses: LocateResponse[] = [];
    const waiting = new Set(routerIds);
    const answers = await this.#bus.connection.requestMany(subjects.locate, request, {
      strategy: "timer",
      maxWait: waitMs,
    });
    for await (const message of answers) {
      const response = readResponse(message.data);
      if (response === undefined) continue;
      responses.push(response);
      waiting.delete(response.routerId);
      if (response.found || waiting.size === 0) break;
    }
    return responses;
  }
}

/** What cannot be read asks for nothing. */
function readId(data: Uint8Array): string {
  try {
    return fromBinary(LocateRequestSchema, data).executionId;
  } catch {
    return "";
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
