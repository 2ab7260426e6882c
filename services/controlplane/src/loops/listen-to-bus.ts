import { subjects, type Bus } from "@hearth/bus";
import { DemandReportSchema, SlotAnnouncementSchema } from "@hearth/proto";
import type { Logger } from "@hearth/telemetry";
import { announcementToEvent, isOfReplica, reportFromMessage } from "../io/wire/pool-message.ts";
import type { ScalePools } from "./scale-pools.ts";

/**
 * Tells the pools what agents and routers say on the bus, until the signal. While the bus is away nobody can be heard,
 * so silence says nothing about them.
 */
export async function listenToBus(options: {
  readonly bus: Bus;
  readonly pools: ScalePools;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** What the server may have lost is given to it again. */
  readonly onReconnect: () => Promise<void>;
}): Promise<void> {
  const { bus, pools, log, signal, onReconnect } = options;
  const undecodable = (error: unknown): void => log.warn({ error: String(error) }, "message cannot be decoded");
  const subscriptions = [
    bus.subscribe(
      subjects.allSlots,
      SlotAnnouncementSchema,
      (message) => {
        if (!isOfReplica(message)) return;
        const { replicaId, environment, pool, version } = message;
        pools.hearReplica({ replicaId, environment, pool, version }, announcementToEvent(message));
      },
      undecodable,
    ),
    bus.subscribe(
      subjects.allDemand,
      DemandReportSchema,
      (message) => pools.hearDemand(reportFromMessage(message)),
      undecodable,
    ),
  ];
  const statuses = bus.connection.status()[Symbol.asyncIterator]();
  const stopped = new Promise<undefined>((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
  for (;;) {
    const next = await Promise.race([statuses.next(), stopped]);
    if (next === undefined || next.done === true) break;
    if (next.value.type === "disconnect") pools.setDeaf(true);
    if (next.value.type !== "reconnect") continue;
    pools.setDeaf(false);
    await onReconnect().catch((error: unknown) => log.error({ error: String(error) }, "catalogue not reconciled"));
  }
  for (const subscription of subscriptions) subscription.unsubscribe();
}
