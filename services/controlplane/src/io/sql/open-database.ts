import { Kysely, PostgresDialect, SqliteDialect } from "kysely";
import { Migrator } from "kysely/migration";
import pg from "pg";
import { migrations, type Dialect } from "./migrations.ts";
import { openNodeSqlite } from "./node-sqlite.ts";
import type { Tables } from "./tables.ts";

export type Database = Kysely<Tables>;

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
  const pool = new pg.Pool({ connectionString: url, max: 8, types });
  // A connection that breaks while it is idle is replaced by the pool; the next query meets the failure if it lasts.
  pool.on("error", () => undefined);
  return pool;
}
