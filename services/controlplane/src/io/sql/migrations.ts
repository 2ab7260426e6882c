import { sql, type AlterTableBuilder, type ColumnDefinitionBuilder, type Kysely } from "kysely";
import type { Migration, MigrationProvider } from "kysely/migration";

export type Dialect = "sqlite" | "postgres";

/** Every change of the tables, in order. One that has been released is never edited: a later one corrects it. */
export function migrations(dialect: Dialect): MigrationProvider {
  const all: Record<string, Migration> = {
    "0001_environments": environments,
    "0002_history": history(dialect),
    "0003_causes": causes,
    "0004_stored_payloads": storedPayloads,
    "0005_stream_positions": streamPositions,
  };
  return { getMigrations: () => Promise.resolve(all) };
}

const filled = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const key = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.primaryKey().notNull();

const environments: Migration = {
  async up(database: Kysely<unknown>) {
    await database.schema
      .createTable("environments")
      .addColumn("name", "text", key)
      .addColumn("version_id", "text", filled)
      .addColumn("policy_json", "text", filled)
      .addColumn("created_ms", "double precision", filled)
      .addColumn("updated_ms", "double precision", filled)
      .execute();
    await database.schema
      .createTable("environment_versions")
      .addColumn("environment", "text", filled)
      .addColumn("id", "text", filled)
      .addColumn("spec_json", "text", filled)
      .addColumn("created_ms", "double precision", filled)
      .addPrimaryKeyConstraint("environment_versions_key", ["environment", "id"])
      .execute();
    await database.schema
      .createTable("replicas")
      .addColumn("id", "text", key)
      .addColumn("environment", "text", filled)
      .addColumn("pool", "text", filled)
      .addColumn("version", "text", filled)
      .addColumn("state", "text", filled)
      .addColumn("start_reason", "text", filled)
      .addColumn("end_reason", "text", filled)
      .addColumn("slots", "integer", filled)
      .addColumn("created_ms", "double precision", filled)
      .addColumn("ready_ms", "double precision")
      .addColumn("draining_ms", "double precision")
      .addColumn("ended_ms", "double precision")
      .addColumn("policy_override_json", "text")
      .execute();
    await database.schema
      .createIndex("replicas_by_environment")
      .on("replicas")
      .columns(["environment", "created_ms"])
      .execute();
    await database.schema.createIndex("replicas_by_state").on("replicas").column("state").execute();
  },
};

function history(dialect: Dialect): Migration {
  return {
    async up(database: Kysely<unknown>) {
      await createExecutions(database, dialect);
      await createAttempts(database);
      await createLogLines(database, dialect);
    },
  };
}

/** Why replicas come and go, for programs; how long attempts waited. */
const causes: Migration = {
  async up(database: Kysely<unknown>) {
    const replicas = (): AlterTableBuilder => database.schema.alterTable("replicas");
    await replicas()
      .addColumn("start_cause", "text", (column) => column.notNull().defaultTo("BACKLOG"))
      .execute();
    await replicas().addColumn("end_cause", "text").execute();
    await replicas().addColumn("replaces", "text").execute();
    await replicas().addColumn("idle_since_ms", "double precision").execute();
    await replicas()
      .addColumn("executions", "double precision", (column) => column.notNull().defaultTo(0))
      .execute();
    await database.schema
      .alterTable("attempts")
      .addColumn("waited_ms", "double precision", (column) => column.notNull().defaultTo(0))
      .execute();
  },
};

/** Where payloads are that are too large to be inline, and who names one. */
const storedPayloads: Migration = {
  async up(database: Kysely<unknown>) {
    for (const payload of ["stored_arguments", "stored_result"]) {
      await database.schema.alterTable("executions").addColumn(payload, "text").execute();
      await database.schema.alterTable("executions").addColumn(`${payload}_bytes`, "double precision").execute();
      const [index, column] = [sql.ref(`executions_by_${payload}`), sql.ref(payload)];
      await sql`create index ${index} on executions (${column}) where ${column} is not null`.execute(database);
    }
  },
};

/** Up to where streams were read. */
const streamPositions: Migration = {
  async up(database: Kysely<unknown>) {
    await database.schema
      .createTable("stream_positions")
      .addColumn("stream", "text", key)
      .addColumn("sequence", "bigint", filled)
      .addColumn("stored_ms", "double precision", filled)
      .execute();
  },
};

async function createExecutions(database: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await database.schema
    .createTable("executions")
    .addColumn("id", "text", key)
    .addColumn("run_id", "text", filled)
    .addColumn("parent_id", "text", filled)
    .addColumn("environment", "text", filled)
    .addColumn("task", "text", filled)
    .addColumn("pool", "text", filled)
    .addColumn("phase", "text", filled)
    .addColumn("outcome", "text", filled)
    .addColumn("accepted_ms", "double precision", filled)
    .addColumn("ended_ms", "double precision", filled)
    .addColumn("result", dialect === "sqlite" ? "blob" : "bytea")
    .addColumn("failure_json", "text")
    .execute();
  await database.schema
    .createIndex("executions_by_run")
    .on("executions")
    .columns(["run_id", "accepted_ms", "id"])
    .execute();
  // The roots by age, which the list of runs pages through.
  await sql`create index executions_roots on executions (accepted_ms, id) where id = run_id`.execute(database);
}

async function createAttempts(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable("attempts")
    .addColumn("execution_id", "text", filled)
    .addColumn("number", "integer", filled)
    .addColumn("replica_id", "text", filled)
    .addColumn("version", "text", filled)
    .addColumn("runner_pid", "integer", filled)
    .addColumn("cold", "integer", filled)
    .addColumn("wait_reason", "text", filled)
    .addColumn("dispatched_ms", "double precision", filled)
    .addColumn("started_ms", "double precision", filled)
    .addColumn("ended_ms", "double precision", filled)
    .addColumn("outcome", "text", filled)
    .addColumn("failure_json", "text")
    .addPrimaryKeyConstraint("attempts_key", ["execution_id", "number"])
    .execute();
}

async function createLogLines(database: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await database.schema
    .createTable("log_lines")
    .addColumn("cursor", dialect === "sqlite" ? "integer" : "bigserial", (column) =>
      dialect === "sqlite" ? column.primaryKey().autoIncrement() : column.primaryKey(),
    )
    .addColumn("run_id", "text", filled)
    .addColumn("execution_id", "text", filled)
    .addColumn("attempt", "integer", filled)
    .addColumn("unix_ms", "double precision", filled)
    .addColumn("stream", "text", filled)
    .addColumn("text", "text", filled)
    .addColumn("sequence", "bigint", filled)
    .addColumn("entry", "integer", filled)
    .addUniqueConstraint("log_lines_place", ["execution_id", "attempt", "sequence", "entry"])
    .execute();
  await database.schema.createIndex("log_lines_by_run").on("log_lines").columns(["run_id", "cursor"]).execute();
}
