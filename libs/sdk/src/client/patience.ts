import { setTimeout as delay } from "node:timers/promises";
import { HearthError } from "@hearth/errors";
import type { ClientMiddleware } from "nice-grpc";
import { isAbsence } from "./absence.ts";

const firstContactMs = 5_000;
const afterwardsMs = 5 * 60_000;
const pauseMsMin = 50;
const pauseMsMax = 2_000;

/**
 * How long a control plane that does not answer is asked again: `unreachableAfterMs`; by default five seconds until it has
 * answered once, and five minutes afterwards.
 */
export class Patience {
  readonly #address: string;
  readonly #unreachableAfterMs: number | undefined;
  #reached = false;

  constructor(address: string, unreachableAfterMs: number | undefined) {
    this.#address = address;
    this.#unreachableAfterMs = unreachableAfterMs;
  }

  /** For one thing that is asked for. */
  begin(): Attempts {
    return new Attempts({
      heard: () => (this.#reached = true),
      giveUpAfterMs: () => this.#unreachableAfterMs ?? (this.#reached ? afterwardsMs : firstContactMs),
      address: this.#address,
    });
  }

  /** Asks again for what is no stream; every method of the control plane may be asked twice. */
  readonly middleware: ClientMiddleware = this.#repeat.bind(this) as ClientMiddleware;

  async *#repeat(...[call, options]: Parameters<ClientMiddleware>): ReturnType<ClientMiddleware> {
    if (call.responseStream) return yield* call.next(call.request, options);
    const attempts = this.begin();
    for (let { request } = call; ; request = askedBefore(call.method.path, request)) {
      try {
        const response = yield* call.next(request, options);
        attempts.heard();
        return response;
      } catch (error) {
        await attempts.pause(error);
      }
    }
  }
}

/** A run that is asked for again says so: a router may have accepted it. */
function askedBefore<R>(path: string, request: R): R {
  if (!path.endsWith("/CreateRun")) return request;
  const { execution } = request as { readonly execution: object };
  return { ...request, execution: { ...execution, askedBefore: true } };
}

/** The attempts to get one answer, or one stream to its end. */
export class Attempts {
  readonly #options: { readonly heard: () => void; readonly giveUpAfterMs: () => number; readonly address: string };
  #silentSince = performance.now();
  #pauseMs = pauseMsMin;

  constructor(options: { readonly heard: () => void; readonly giveUpAfterMs: () => number; readonly address: string }) {
    this.#options = options;
  }

  heard(): void {
    this.#options.heard();
    this.#silentSince = performance.now();
    this.#pauseMs = pauseMsMin;
  }

  /** Waits a little before the next one. Throws what is no absence, and CONTROL_PLANE_UNREACHABLE when it took too long. */
  async pause(error: unknown): Promise<void> {
    if (!isAbsence(error)) throw error;
    const silentMs = performance.now() - this.#silentSince;
    if (silentMs >= this.#options.giveUpAfterMs()) throw this.#unreachable(silentMs, error.details);
    await delay(this.#pauseMs);
    this.#pauseMs = Math.min(2 * this.#pauseMs, pauseMsMax);
  }

  #unreachable(silentMs: number, details: string): HearthError {
    const silence = `has not answered for ${Math.round(silentMs / 1_000)} s (${details})`;
    const message = `The control plane at ${this.#options.address} ${silence}. Start it with "hearth dev", or correct HEARTH_CONTROL_PLANE or HEARTH_CONFIG.`;
    return new HearthError("CONTROL_PLANE_UNREACHABLE", message);
  }
}
