import { freePort, startServerProcess } from "@hearth/test-engines";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureRedis } from "../../../../scripts/ensure-engines.ts";

export interface Redis {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

/** How the peers on Redis are durable. */
export const redisDurability =
  "Redis append-only file, written to disk every second: a crash of the machine loses up to a second";

/** A Redis server of Debian's on a free loopback port, with an append-only file as its users recommend. */
export async function startRedis(): Promise<Redis> {
  const { binary, libraries } = ensureRedis();
  const folder = mkdtempSync(join(tmpdir(), "hearth-bench-redis-"));
  const port = await freePort();
  const settings = {
    "--bind": "127.0.0.1",
    "--port": String(port),
    "--dir": folder,
    "--appendonly": "yes",
    "--appendfsync": "everysec",
    "--maxmemory-policy": "noeviction",
  };
  const server = await startServerProcess({
    command: binary,
    arguments: Object.entries(settings).flat(),
    spawn: { env: { ...process.env, LD_LIBRARY_PATH: libraries } },
    isReady: (output) => output.includes("Ready to accept connections"),
  });
  return {
    pid: server.pid,
    port,
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
