import type { Execution } from "./execution.ts";
import type { Link } from "./free-replicas.ts";
import type { Line } from "./line.ts";

/** What a router knows of one replica. The agent decides about its slots; this is a view of its last word. */
export interface Replica {
  readonly id: string;
  /** Of the id, for the keys that prefer it. */
  readonly idHash: number;
  readonly pool: string;
  readonly environment: string;
  version: string;
  /** Empty: not heard of yet; an attempt that was taken over is said to be there. */
  address: string;
  /** When this router first heard that it is ready. Infinity before that. */
  readySince: number;
  state: "starting" | "ready" | "draining" | "ended";
  /** Whether this router has a stream to it. */
  attached: boolean;
  lastHeardAt: number;
  total: number;
  /** Free slots by the agent's last word on the stream. */
  reportedFree: number;
  /** Dispatches the agent had received on the stream when it said so. */
  seen: number;
  /** Dispatches sent on the stream. */
  sent: number;
  /** Executions whose live attempt this router sent there. */
  readonly running: Line<Execution>;
  /** What holds it among the free ones of its pool, who alone read and write it. */
  link: Link | undefined;
}

/** Free slots that no dispatch is on its way to. */
export function freeSlots(replica: Replica): number {
  if (!replica.attached || replica.state !== "ready") return 0;
  return Math.max(0, replica.reportedFree - (replica.sent - replica.seen));
}
