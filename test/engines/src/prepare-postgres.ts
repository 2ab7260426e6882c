import { execFileSync, type SpawnOptions } from "node:child_process";
import { chownSync } from "node:fs";
import { join } from "node:path";
import { ensurePostgres } from "../../../scripts/ensure-engines.ts";

/** What starts a PostgreSQL server on files that were made for it, as often as one likes. */
export interface PostgresLaunch {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly spawn: Pick<SpawnOptions, "cwd" | "env" | "uid" | "gid">;
  readonly isReady: (output: string) => boolean;
  /** A connection URL of an empty database. */
  readonly url: string;
}

/** Makes an empty database in the folder, which exists. */
export function preparePostgres(files: string, port: number): PostgresLaunch {
  const binaries = ensurePostgres();
  const user = unprivilegedUser();
  if (user !== undefined) chownSync(files, user.uid, user.gid);
  const env = { PATH: process.env["PATH"], LC_ALL: "C", LD_LIBRARY_PATH: binaries.libraries };
  const spawn = { cwd: files, env, ...user };
  const data = join(files, "data");
  execFileSync(binaries.initdb, ["-D", data, "-U", "hearth", "--auth=trust", "--encoding=UTF8", "--no-sync"], {
    ...spawn,
    stdio: ["ignore", "ignore", "pipe"],
  });
  return {
    command: binaries.postgres,
    arguments: ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", files],
    spawn,
    isReady: (output) => output.includes("ready to accept connections"),
    url: `postgres://hearth@127.0.0.1:${port}/postgres`,
  };
}

/** PostgreSQL refuses to run as root, so root runs it as `nobody`. */
function unprivilegedUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string): number => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}
