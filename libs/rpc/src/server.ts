import {
  constants,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { Status } from "nice-grpc-common";
import type { Report } from "./error-status.ts";
import { ServerHealth } from "./grpc/health.ts";
import { refuseCall, serveCall, type ServedMethod } from "./grpc/serve-call.ts";
import { servedMethods } from "./grpc/served-methods.ts";
import { reflection } from "./reflection.ts";
import type { MountedService } from "./service.ts";

/** Once its calls are ended a connection has so long to close from its other side, which may never do it. */
const hangUpMs = 100;

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
  readonly report: Report;
}): Promise<GrpcServer> {
  tuneCollector();
  const health = new ServerHealth();
  const services = [...options.services, health.mounted];
  const methods = new Map([...services.flatMap(servedMethods), reflection(services)]);
  const sessions = new Set<ServerHttp2Session>();
  const sockets = new Set<Socket>();
  // Node's own bound on what all streams of a connection hold resets them when it is reached; back-pressure bounds each here.
  const server = createServer({ maxSessionMemory: Number.MAX_SAFE_INTEGER });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => undefined);
    session.on("close", () => sessions.delete(session));
  });
  server.on("stream", (stream, headers) => answer(stream, headers, methods, options.report));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: options.host, port: options.port }, resolve);
  });
  server.on("error", (error) => options.report(crypto.randomUUID(), error));
  return {
    port: (server.address() as AddressInfo).port,
    setServing: (serving) => health.setServing(serving),
    async stop(graceMs) {
      const closed = new Promise((resolve) => server.close(resolve));
      sessions.forEach((session) => session.close());
      const ending = setTimeout(() => sessions.forEach(endCalls), graceMs);
      const hangingUp = setTimeout(() => sockets.forEach((socket) => socket.destroy()), graceMs + hangUpMs);
      await closed;
      [ending, hangingUp].forEach(clearTimeout);
    },
  };
}

/** Callers read that their calls are cancelled. */
function endCalls(session: ServerHttp2Session): void {
  session.destroy(new Error("The server stops."), constants.NGHTTP2_CANCEL);
}

function answer(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  methods: ReadonlyMap<string, ServedMethod>,
  report: Report,
): void {
  if (!/^application\/grpc($|[+;])/.test(headers["content-type"] ?? "")) {
    stream.on("error", () => undefined).respond({ ":status": 415 }, { endStream: true });
    return;
  }
  const path = headers[":path"] ?? "";
  const method = methods.get(path);
  if (method !== undefined) void serveCall(stream, headers, method, report);
  else refuseCall(stream, { code: Status.UNIMPLEMENTED, message: `There is no method ${path}.` });
}

/**
 * What V8's collector does otherwise costs a busy service more than it saves:
 *
 * - The bytes of messages lie outside of its heap, and by default it collects all garbage whenever 64 MiB more of them were allocated,
 *   however small the heap is: with messages of 10 KB that was half of a router's processor time. Counted with the heap, they are
 *   collected when both have grown in proportion to what is alive.
 * - When many objects of one literal survive, as they do when work begins with a burst, it makes all further ones of that literal where
 *   garbage is seldom collected, for good, and what they hold stays with them. By chance a router took a quarter more time so.
 */
function tuneCollector(): void {
  setFlagsFromString("--external-memory-accounted-in-global-limit");
  setFlagsFromString("--no-allocation-site-pretenuring");
}
