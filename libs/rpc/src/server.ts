import { create, toBinary, type DescFile } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, type FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import {
  createServer,
  ServerError,
  Status,
  type CallContext as NiceContext,
  type ServiceImplementation,
} from "nice-grpc";
import { HealthDefinition, HealthServiceImpl, HealthState } from "nice-grpc-server-health";
import { ServerReflection, ServerReflectionService } from "nice-grpc-server-reflection";
import { toDefinition, type AnyMethod } from "./definition.ts";
import { detailsTrailer, statusDetails, statusOf, toHearthError } from "./error-status.ts";
import type { AnyHandler, CallContext } from "./handlers.ts";
import type { MountedService } from "./service.ts";

/** Bounds every message in and out; single fields have tighter bounds of their own. */
export const messageBytesMax = 64 * 1024 * 1024;

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
  const names = options.services.map((mounted) => mounted.description.typeName);
  server.add(ServerReflectionService, ServerReflection(describe(options.services), names));
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

function implement(
  method: AnyMethod,
  handler: AnyHandler,
  report: (errorId: string, thrown: unknown) => void,
): unknown {
  const call = (request: unknown, context: NiceContext): ReturnType<AnyHandler> =>
    handler(request as never, toCallContext(context));
  if (!method.responseStream) {
    return async (request: unknown, context: NiceContext) => {
      try {
        return await (call(request, context) as Promise<object>);
      } catch (thrown) {
        throw toServerError(thrown, context, report);
      }
    };
  }
  return async function* (request: unknown, context: NiceContext) {
    try {
      yield* call(request, context) as AsyncIterable<object>;
    } catch (thrown) {
      throw toServerError(thrown, context, report);
    }
  };
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
  if (context.signal.aborted) return thrown;
  const error = toHearthError(thrown, report);
  context.trailer.set(detailsTrailer, statusDetails(error));
  return new ServerError(Status[statusOf(error)], error.message);
}

/** The descriptors of the services and all they import, as reflection wants them. */
function describe(services: readonly MountedService[]): Uint8Array {
  const files = new Map<string, FileDescriptorProto>();
  const visit = (file: DescFile): void => {
    if (files.has(file.proto.name)) return;
    file.dependencies.forEach(visit);
    files.set(file.proto.name, file.proto);
  };
  services.forEach((mounted) => visit(mounted.description.file));
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: [...files.values()] }));
}
