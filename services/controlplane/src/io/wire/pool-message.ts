import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  PoolSchema,
  type ReplicaSchema,
  SlotAnnouncementSchema,
  ReplicaState as StateMessage,
  type DemandReport,
  type Pool as PoolMessage,
  type SlotAnnouncement,
} from "@hearth/proto";
import type { PoolDemand, RouterReport } from "../../core/demand-board.ts";
import { completePolicy } from "@hearth/policy";
import { policyFromMessage } from "@hearth/policy/wire";
import { environmentOf } from "../../core/pool-key.ts";
import { amount, isId, moment, text, whole } from "./sane.ts";
import type { PoolView } from "../../core/pool-view.ts";
import type { ReplicaRecord } from "../replica-store.ts";
import type { Announced, EndCause, Replica, ReplicaEvent, ReplicaState } from "../../core/replica.ts";

const states: Readonly<Record<ReplicaState, StateMessage>> = {
  requested: StateMessage.STARTING,
  starting: StateMessage.STARTING,
  ready: StateMessage.READY,
  draining: StateMessage.DRAINING,
  ended: StateMessage.ENDED,
};

export function poolToMessage(pool: PoolView): PoolMessage {
  return create(PoolSchema, {
    name: pool.name,
    environment: pool.environment,
    desiredReplicas: pool.desired,
    reason: pool.reason,
    backlog: pool.backlog,
    replicas: pool.replicas.map((replica) => replicaToMessage(replica)),
    lastStartFailure: pool.lastStartFailure,
  });
}

/** `past`: what was stored of one whose agent is not heard of any more. */
export function replicaToMessage(replica: Replica, past?: ReplicaRecord): MessageInitShape<typeof ReplicaSchema> {
  const moment = (ms: number | undefined) => (ms === undefined ? undefined : timestampFromMs(ms));
  const readyAt = moment(replica.readyAtMs);
  const idleSince = moment(replica.announced?.idleSinceMs ?? past?.idleSinceMs);
  const drainingAt = moment(replica.drainingAtMs);
  const endedAt = moment(replica.endedAtMs);
  return {
    id: replica.id,
    environment: replica.environment,
    pool: replica.pool,
    version: replica.version,
    state: states[replica.state],
    startReason: replica.startReason,
    endReason: replica.endReason,
    slots: replica.slots,
    startCause: replica.startCause,
    endCause: replica.endCause ?? "",
    executions: replica.announced?.executions ?? past?.executions ?? 0,
    memoryBytes: replica.announced?.memoryBytes ?? 0,
    busySlots: replica.announced?.busy ?? 0,
    agentPid: replica.announced?.agentPid ?? 0,
    runnerPid: replica.announced?.runnerPid ?? 0,
    createdAt: timestampFromMs(replica.createdAtMs),
    ...(readyAt === undefined ? {} : { readyAt }),
    ...(idleSince === undefined ? {} : { idleSince }),
    ...(drainingAt === undefined ? {} : { drainingAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
  };
}

/** The last announcement of a replica that cannot make it itself. */
export function endAnnouncement({ id, environment, pool, version, announced, endReason }: Replica): SlotAnnouncement {
  return create(SlotAnnouncementSchema, {
    ...{ replicaId: id, environment, pool, version, endReason },
    address: announced?.address ?? "",
    sequence: (announced?.sequence ?? 0) + 1,
    state: StateMessage.ENDED,
  });
}

/** Whether the announcement is of a replica that there can be: anybody may write to a subject. */
export function isOfReplica({ replicaId, environment, pool, version }: SlotAnnouncement): boolean {
  return [replicaId, environment, pool].every(isId) && environmentOf(pool) === environment && text(version) === version;
}

/** What an announcement says happened to its replica. */
export function announcementToEvent(message: SlotAnnouncement): ReplicaEvent {
  const announced = announcedFromMessage(message);
  if (message.state === StateMessage.ENDED) {
    return {
      kind: "gone",
      cause: causeOf(message, "EXITED"),
      reason: message.endReason === "" ? "its agent ended" : text(message.endReason),
    };
  }
  if (message.state === StateMessage.DRAINING) {
    return {
      kind: "announcedDraining",
      announced,
      cause: causeOf(message, "STOPPED"),
      reason: text(message.endReason),
    };
  }
  return { kind: message.state === StateMessage.STARTING ? "announcedStarting" : "announcedReady", announced };
}

/** What an agent says of why it goes; when it was asked to, that is known already. */
function causeOf({ endCause }: SlotAnnouncement, otherwise: EndCause): EndCause {
  const own = ["SINGLE_USE", "START_FAILED", "STOPPED", "LOST"] as const;
  return own.find((cause) => cause === endCause) ?? otherwise;
}

/** As environment.proto bounds a policy's concurrency. */
const slotsMax = 10_000;

function announcedFromMessage(message: SlotAnnouncement): Announced {
  const slots = Math.min(message.total, slotsMax);
  return {
    address: message.address,
    sequence: amount(message.sequence),
    slots,
    free: Math.min(message.free, slots),
    busy: whole(message.busy),
    lent: whole(message.lent),
    idleSinceMs: moment(message.idleSinceUnixMs) || undefined,
    executions: amount(message.executions),
    memoryBytes: amount(message.memoryBytes),
    agentPid: whole(message.agentPid),
    runnerPid: whole(message.runnerPid),
  };
}

export function reportFromMessage(message: DemandReport): RouterReport {
  const { routerId, address } = message;
  return { routerId, address, sequence: amount(message.sequence), pools: message.pools.map(demandFromMessage) };
}

function demandFromMessage(demand: DemandReport["pools"][number]): PoolDemand {
  // The environment's own pool has the environment's policy, whatever a router says.
  const own = demand.pool === environmentOf(demand.pool);
  const override =
    own || demand.policyOverride === undefined ? undefined : completePolicy(policyFromMessage(demand.policyOverride));
  return {
    pool: demand.pool,
    environment: demand.environment,
    backlog: demand.backlog,
    oldestMs: demand.backlog === 0 ? undefined : moment(demand.oldestUnixMs),
    // A router admits no invalid policy; should one come, the environment's own holds.
    policyOverride: override?.kind === "valid" ? override.policy : undefined,
  };
}
