import type { SqliteDatabase, SqliteStatement } from "kysely";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

/** Statements that are kept prepared. More texts than the hot ones come by. */
const preparedMax = 100;

/** The SQLite built into Node, as kysely wants to see it. `path` may be ":memory:". */
export function openNodeSqlite(path: string): SqliteDatabase {
  if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true });
  const database = new DatabaseSync(path);
  // Readers do not wait for the writer; a commit survives a crash of this process, and all but the last ones of the machine.
  database.exec("pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 5000");
  const prepared = new Map<string, SqliteStatement>();
  return {
    close: () => database.close(),
    prepare(text) {
      const statement = prepared.get(text) ?? toStatement(database.prepare(text), () => database.prepare(text));
      prepared.delete(text);
      prepared.set(text, statement);
      const [oldest] = prepared.keys();
      if (oldest !== undefined && prepared.size > preparedMax) prepared.delete(oldest);
      return statement;
    },
  };
}

/** `another`: one of its own for who reads row by row, while others run it. */
function toStatement(statement: StatementSync, another: () => StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
    run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
    iterate: (parameters) => another().iterate(...(parameters as SQLInputValue[])),
  };
}
