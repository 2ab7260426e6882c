import { Kysely, PostgresDialect, SqliteDialect } from "kysely";
import { Migrator } from "kysely/migration";
import pg from "pg";
import { migrations, type Dialect } from "./migrations.ts";
import { openNodeSqlite } from "./node-sqlite.ts";
import type { Tables } from "./tables.ts";

export type Database = Kysely<Tables>;

/**
 * PostgreSQL undoes a transaction in which nothing was said for so long: a process that stands still in one would keep the
 * others from what it has locked.
 */
const standstillMs = 5_000;

/** bigint columns hold counters far below 2^53. */
const int8 = 20;

/**
 * Opens the database and brings its tables up to date. A postgres URL opens PostgreSQL; anything else is the path of a
 * SQLite file, which is made where there is none.
 */
export async function openDatabase(location: string): Promise<Database> {
  const dialect: Dialect = /^postgres(ql)?:\/\//.test(location) ? "postgres" : "sqlite";
  const database = new Kysely<Tables>({
    dialect:
      dialect === "postgres"
        ? new PostgresDialect({ pool: openPool(location) })
        : new SqliteDialect({ database: openNodeSqlite(location) }),
  });
  const migrator = new Migrator({ db: database, provider: migrations(dialect) });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    await database.destroy();
    throw new Error("the database's tables could not be brought up to date", { cause: error });
  }
  return database;
}

function openPool(url: string): pg.Pool {
  const types = new pg.TypeOverrides();
  types.setTypeParser(int8, Number);
  const pool = new pg.Pool({ connectionString: url, max: 8, types, idle_in_transaction_session_timeout: standstillMs });
  // A connection that breaks is replaced by the pool, whether it is idle or in a transaction; the next query meets the failure.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}
