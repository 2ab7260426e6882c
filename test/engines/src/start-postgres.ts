import { execFileSync } from "node:child_process";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePostgres } from "../../../scripts/ensure-engines.ts";
import { freePort, startServerProcess } from "./server-process.ts";

export interface PostgresEngine {
  /** A connection URL of an empty database. */
  readonly url: string;
  /** Ends the server and removes its files. */
  stop(): Promise<void>;
}

/** A PostgreSQL server on a free loopback port, its files in a temporary folder. */
export async function startPostgres(): Promise<PostgresEngine> {
  const binaries = ensurePostgres();
  const files = mkdtempSync(join(tmpdir(), "hearth-postgres-"));
  const user = unprivilegedUser();
  if (user !== undefined) chownSync(files, user.uid, user.gid);
  const env = { PATH: process.env["PATH"], LC_ALL: "C", LD_LIBRARY_PATH: binaries.libraries };
  const options = { cwd: files, env, ...user };
  const data = join(files, "data");
  execFileSync(binaries.initdb, ["-D", data, "-U", "hearth", "--auth=trust", "--encoding=UTF8", "--no-sync"], {
    ...options,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const port = await freePort();
  const server = await startServerProcess({
    command: binaries.postgres,
    arguments: ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", files],
    spawn: options,
    isReady: (output) => output.includes("ready to accept connections"),
  });
  return {
    url: `postgres://hearth@127.0.0.1:${port}/postgres`,
    async stop() {
      // SIGINT asks PostgreSQL to end at once without waiting for its clients.
      await server.stop("SIGINT");
      rmSync(files, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL refuses to run as root, so root runs it as `nobody`. */
function unprivilegedUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string): number => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}
