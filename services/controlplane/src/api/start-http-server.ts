import type { MountedService } from "@hearth/rpc";
import { connectHandler, type HttpHandler } from "@hearth/rpc/connect";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface HttpServer {
  readonly port: number;
  /** Waits for requests in flight up to `graceMs`, then ends them. */
  stop(graceMs: number): Promise<void>;
}

/** Serves the services in Connect's HTTP mapping, and the pages, on `host:port`; port 0 takes a free one. */
export async function startHttpServer(options: {
  readonly host: string;
  readonly port: number;
  readonly services: readonly MountedService[];
  readonly pages: HttpHandler;
  readonly report: (errorId: string, thrown: unknown) => void;
}): Promise<HttpServer> {
  const { services, report } = options;
  const server = createServer(connectHandler({ services, fallback: options.pages, report }));
  server.listen(options.port, options.host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async stop(graceMs) {
      const closed = once(server, "close");
      server.close();
      server.closeIdleConnections();
      const force = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(force);
    },
  };
}
