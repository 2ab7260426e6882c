import {
  createServer,
  ServerError,
  Status,
  type CallContext as NiceContext,
  type ServiceImplementation,
} from "nice-grpc";
import { setFlagsFromString } from "node:v8";
import { HealthDefinition, HealthServiceImpl, HealthState } from "nice-grpc-server-health";
import { HearthError } from "@hearth/errors";
import { toDefinition, Undecodable, type AnyMethod } from "./definition.ts";
import { Delegated } from "./delegated.ts";
import { detailsTrailer, statusDetails, statusOf, toHearthError } from "./error-status.ts";
import type { AnyHandler, CallContext } from "./handlers.ts";
import { reflection, reflectionDefinition } from "./reflection.ts";
import type { MountedService } from "./service.ts";

/**
 * Bounds every message in and out; single fields have tighter bounds of their own. The largest is a payload of 64 MiB, which
 * base64 makes a third larger in JSON.
 */
export const messageBytesMax = 96 * 1024 * 1024;

export interface GrpcServer {
  readonly port: number;
  /** What health checks answer. Serving from the start. */
  setServing(serving: boolean): void;
  /** Waits for calls in flight up to `graceMs`, then ends them. */
  stop(graceMs: number): Promise<void>;
}

/** Serves the services, health checking and reflection on `host:port`; port 0 takes a free one. */
export async function startGrpcServer(options: {
  readonly host: string;
  readonly port: number;
  readonly services: readonly MountedService[];
  /** Told of everything a handler threw that is no `HearthError`. */
  readonly report: (errorId: string, thrown: unknown) => void;
}): Promise<GrpcServer> {
  countExternalMemoryWithTheRest();
  const server = createServer({
    "grpc.max_receive_message_length": messageBytesMax,
    "grpc.max_send_message_length": messageBytesMax,
  });
  for (const mounted of options.services) {
    const definition = toDefinition(mounted.description);
    const implementation = Object.entries(definition).map(([name, method]) => [
      name,
      implement(method, mounted.handlers[name] as AnyHandler, options.report),
    ]);
    server.add(definition, Object.fromEntries(implementation) as ServiceImplementation<typeof definition>);
  }
  const health = HealthState();
  health.setStatus("healthy");
  server.add(HealthDefinition, HealthServiceImpl(health));
  server.add(reflectionDefinition, reflection(options.services));
  const port = await server.listen(`${options.host}:${options.port}`);
  return {
    port,
    setServing: (serving) => health.setStatus(serving ? "healthy" : "unhealthy"),
    async stop(graceMs) {
      const force = setTimeout(() => server.forceShutdown(), graceMs);
      await server.shutdown();
      clearTimeout(force);
    },
  };
}

/**
 * The bytes of messages lie outside of V8's heap, and by default V8 collects all of its garbage whenever 64 MiB more of them were
 * allocated, however small the heap is: with messages of 10 KB that was half of a router's processor time. Counted with the heap,
 * they are collected when both have grown in proportion to what is alive.
 */
function countExternalMemoryWithTheRest(): void {
  setFlagsFromString("--external-memory-accounted-in-global-limit");
}

function implement(
  method: AnyMethod,
  handler: AnyHandler,
  report: (errorId: string, thrown: unknown) => void,
): unknown {
  const call = (request: unknown, context: NiceContext): ReturnType<AnyHandler> => {
    if (request instanceof Undecodable) throw refusal(request);
    return handler(request as never, toCallContext(context));
  };
  if (!method.responseStream) {
    return async (request: unknown, context: NiceContext) => {
      try {
        const requests = method.requestStream ? new Requests(request as AsyncIterable<unknown, void>) : request;
        return await (call(requests, context) as Promise<object>);
      } catch (thrown) {
        throw toServerError(thrown, context, report);
      }
    };
  }
  return (request: unknown, context: NiceContext) => {
    const requests = method.requestStream ? new Requests(request as AsyncIterable<unknown, void>) : undefined;
    const failed = (thrown: unknown): never => {
      throw toServerError(thrown, context, report);
    };
    const ended = (): void => {
      // A handler may take a stream that breaks for a caller that left; who sent what nobody can read is to know.
      if (requests?.undecodable !== undefined) failed(refusal(requests.undecodable));
    };
    try {
      const responses = call(requests ?? request, context) as AsyncIterable<object, void>;
      return new Delegated(responses, { failed, ended });
    } catch (thrown) {
      return failed(thrown);
    }
  };
}

/** The requests of a stream, up to the first that is none. */
class Requests implements AsyncIterable<unknown> {
  readonly #stream: AsyncIterable<unknown, void>;
  undecodable: Undecodable | undefined;

  constructor(stream: AsyncIterable<unknown, void>) {
    this.#stream = stream;
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    const item = (request: unknown): void => {
      if (!(request instanceof Undecodable)) return;
      this.undecodable = request;
      throw refusal(request);
    };
    return new Delegated(this.#stream, { failed: rethrow, item });
  }
}

function rethrow(thrown: unknown): never {
  throw thrown;
}

function refusal({ problem }: Undecodable): HearthError {
  return new HearthError("INVALID_REQUEST", `The request cannot be decoded (${problem}). Send a message of its type.`);
}

function toCallContext(context: NiceContext): CallContext {
  return { signal: context.signal, header: (name) => context.metadata.get(name)?.toString() };
}

function toServerError(
  thrown: unknown,
  context: NiceContext,
  report: (errorId: string, thrown: unknown) => void,
): unknown {
  // A handler that stops because its caller left has not failed.
  if (context.signal.aborted) return new ServerError(Status.CANCELLED, "The caller left.");
  const error = toHearthError(thrown, report);
  context.trailer.set(detailsTrailer, statusDetails(error));
  return new ServerError(Status[statusOf(error)], error.message);
}
