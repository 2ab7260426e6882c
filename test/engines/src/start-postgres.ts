import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { preparePostgres } from "./prepare-postgres.ts";
import { freePort, startServerProcess } from "./server-process.ts";

export interface PostgresEngine {
  /** A connection URL of an empty database. */
  readonly url: string;
  /** Ends the server and removes its files. */
  stop(): Promise<void>;
}

/** A PostgreSQL server on a free loopback port, its files in a temporary folder. */
export async function startPostgres(): Promise<PostgresEngine> {
  const files = mkdtempSync(join(tmpdir(), "hearth-postgres-"));
  const launch = preparePostgres(files, await freePort());
  const server = await startServerProcess(launch);
  return {
    url: launch.url,
    async stop() {
      // SIGINT asks PostgreSQL to end at once without waiting for its clients.
      await server.stop("SIGINT");
      rmSync(files, { recursive: true, force: true });
    },
  };
}
