import { Code, ConnectError, type ConnectRouter, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { Status } from "@hearth/errors";
import { errorInfo, statusOf, toHearthError, type Report } from "./error-status.ts";
import type { AnyHandler, CallContext } from "./handlers.ts";
import { messageBytesMax } from "./grpc/message-reader.ts";
import type { MountedService } from "./service.ts";

/** Connect's names for the statuses Hearth uses. */
const codes: Readonly<Record<Status, Code>> = {
  INVALID_ARGUMENT: Code.InvalidArgument,
  NOT_FOUND: Code.NotFound,
  ALREADY_EXISTS: Code.AlreadyExists,
  FAILED_PRECONDITION: Code.FailedPrecondition,
  RESOURCE_EXHAUSTED: Code.ResourceExhausted,
  UNAVAILABLE: Code.Unavailable,
  INTERNAL: Code.Internal,
};

/** As Node's `http.createServer` and `http2.createServer` take it. */
export type HttpHandler = ReturnType<typeof connectNodeAdapter>;

/** A handler for Node's HTTP server that speaks Connect and gRPC-Web for the services, and leaves the rest to `fallback`. */
export function connectHandler(options: {
  readonly services: readonly MountedService[];
  readonly fallback: HttpHandler;
  readonly report: Report;
}): HttpHandler {
  const routes = (router: ConnectRouter): void => {
    for (const { description, handlers } of options.services) {
      const implementation = description.methods.map((method) => {
        const streams = method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming";
        return [method.localName, implement(handlers[method.localName] as AnyHandler, streams, options.report)];
      });
      router.service(description, Object.fromEntries(implementation) as ServiceImpl<typeof description>);
    }
  };
  const handler = connectNodeAdapter({
    routes,
    fallback: options.fallback,
    readMaxBytes: messageBytesMax,
    writeMaxBytes: messageBytesMax,
  });
  return (request, response) => {
    const { socket } = request;
    response.on("finish", () => {
      // Answered before all of it had come: the rest would hold up the connection's next request for ever.
      if (request.httpVersionMajor === 1 && !request.complete) socket.destroySoon();
    });
    handler(request, response);
  };
}

function implement(handler: AnyHandler, streams: boolean, report: Report): unknown {
  if (!streams) {
    return async (request: unknown, context: HandlerContext) => {
      try {
        return await (handler(request as never, toCallContext(context)) as Promise<object>);
      } catch (thrown) {
        throw toConnectError(thrown, report);
      }
    };
  }
  return async function* (request: unknown, context: HandlerContext) {
    try {
      yield* handler(request as never, toCallContext(context)) as AsyncIterable<object>;
    } catch (thrown) {
      if (context.signal.aborted) return;
      throw toConnectError(thrown, report);
    }
  };
}

function toCallContext(context: HandlerContext): CallContext {
  return { signal: context.signal, header: (name) => context.requestHeader.get(name) ?? undefined };
}

function toConnectError(thrown: unknown, report: Report): ConnectError {
  const error = toHearthError(thrown, report);
  const wrapped = new ConnectError(error.message, codes[statusOf(error)]);
  wrapped.details = [{ type: "google.rpc.ErrorInfo", value: errorInfo(error) }];
  return wrapped;
}
