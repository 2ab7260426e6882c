import { integer, text, type Settings } from "@hearth/config";

export interface RouterConfig {
  readonly natsUrl: string;
  readonly host: string;
  readonly grpcPort: number;
  readonly advertisedHost: string;
  readonly backlogMax: number;
  readonly stopGraceMs: number;
  readonly logLevel: string;
}

/** Every process variable the router reads. */
export const routerSettings: Settings<RouterConfig> = {
  natsUrl: text("HEARTH_NATS_URL", "NATS servers, comma-separated", "nats://127.0.0.1:4222"),
  host: text("HEARTH_HOST", "address to listen on; default 127.0.0.1", "127.0.0.1"),
  grpcPort: integer("HEARTH_GRPC_PORT", "port to listen on, 0 for a free one; default 7702", {
    min: 0,
    max: 65_535,
    fallback: 7702,
  }),
  advertisedHost: text(
    "HEARTH_ADVERTISED_HOST",
    "host name others reach this router by; default 127.0.0.1",
    "127.0.0.1",
  ),
  backlogMax: integer("HEARTH_BACKLOG_MAX", "executions without a slot in one pool; default 100,000", {
    min: 1,
    max: 10_000_000,
    fallback: 100_000,
  }),
  stopGraceMs: integer("HEARTH_STOP_GRACE_MS", "how long executions may go on after SIGTERM, in ms; default 10,000", {
    min: 0,
    max: 3_600_000,
    fallback: 10_000,
  }),
  logLevel: text("HEARTH_LOG_LEVEL", "trace, debug, info, warn, error or silent; default info", "info"),
};
