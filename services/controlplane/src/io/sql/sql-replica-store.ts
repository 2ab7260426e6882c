import type { Selectable } from "kysely";
import type { EndCause, Replica, ReplicaState, StartCause } from "../../core/replica.ts";
import type { ReplicaRecord, ReplicaStore, StoredReplica } from "../replica-store.ts";
import type { Database } from "./open-database.ts";
import { storedPolicy } from "./stored-policy.ts";
import type { Tables } from "./tables.ts";

export function sqlReplicaStore(database: Database): ReplicaStore {
  return {
    async put(stored) {
      const row = toRow(stored);
      await database
        .insertInto("replicas")
        .values(row)
        .onConflict((conflict) => conflict.column("id").doUpdateSet(row))
        .execute();
    },
    async listLive() {
      const rows = await database
        .selectFrom("replicas")
        .selectAll()
        .where("state", "!=", "ended")
        .orderBy("created_ms")
        .orderBy("id")
        .execute();
      return rows.map(fromRow);
    },
    async listRecent(environment, limit) {
      const rows = await database
        .selectFrom("replicas")
        .selectAll()
        .where("environment", "=", environment)
        .orderBy("created_ms", "desc")
        .orderBy("id", "desc")
        .limit(limit)
        .execute();
      return rows.map(toRecord);
    },
  };
}

function toRow({ replica, policyOverride }: StoredReplica): Selectable<Tables["replicas"]> {
  return {
    id: replica.id,
    environment: replica.environment,
    pool: replica.pool,
    version: replica.version,
    state: replica.state,
    start_reason: replica.startReason,
    end_reason: replica.endReason,
    slots: replica.slots,
    created_ms: replica.createdAtMs,
    ready_ms: replica.readyAtMs ?? null,
    draining_ms: replica.drainingAtMs ?? null,
    ended_ms: replica.endedAtMs ?? null,
    start_cause: replica.startCause,
    end_cause: replica.endCause ?? null,
    replaces: replica.replaces ?? null,
    idle_since_ms: replica.announced?.idleSinceMs ?? null,
    executions: replica.announced?.executions ?? 0,
    policy_override_json: policyOverride === undefined ? null : JSON.stringify(policyOverride),
  };
}

function toRecord(row: Selectable<Tables["replicas"]>): ReplicaRecord {
  const { replica } = fromRow(row);
  return { ...replica, idleSinceMs: row.idle_since_ms ?? undefined, executions: row.executions };
}

function fromRow(row: Selectable<Tables["replicas"]>): StoredReplica {
  const replica: Replica = {
    id: row.id,
    environment: row.environment,
    pool: row.pool,
    version: row.version,
    state: row.state as ReplicaState,
    startCause: row.start_cause as StartCause,
    startReason: row.start_reason,
    endCause: (row.end_cause ?? undefined) as EndCause | undefined,
    endReason: row.end_reason,
    replaces: row.replaces ?? undefined,
    slots: row.slots,
    createdAtMs: row.created_ms,
    readyAtMs: row.ready_ms ?? undefined,
    drainingAtMs: row.draining_ms ?? undefined,
    endedAtMs: row.ended_ms ?? undefined,
    announced: undefined,
    heardAtMs: row.created_ms,
  };
  const override = row.policy_override_json;
  return { replica, policyOverride: override === null ? undefined : storedPolicy(override) };
}
