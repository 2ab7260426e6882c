import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureNatsServer } from "../../../scripts/ensure-engines.ts";
import { freePort, startServerProcess, type ServerProcess } from "./server-process.ts";

export interface NatsEngine {
  readonly url: string;
  readonly port: number;
  /** Kills the server and starts it again on the same port and files. */
  restart(): Promise<void>;
  /** Stops it as SIGSTOP does, until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends the server and removes its files. */
  stop(): Promise<void>;
}

/** A NATS server with JetStream on a free loopback port, its files in a temporary folder. */
export async function startNats(): Promise<NatsEngine> {
  const binary = ensureNatsServer();
  const files = mkdtempSync(join(tmpdir(), "hearth-nats-"));
  const port = await freePort();
  const configuration = join(files, "nats.conf");
  // The size has no flag of its own; Hearth asks for this much (libs/bus).
  writeFileSync(configuration, "max_payload: 8MB\n");
  const start = (): Promise<ServerProcess> =>
    startServerProcess({
      command: binary,
      arguments: [
        "--config",
        configuration,
        "--addr",
        "127.0.0.1",
        "--port",
        String(port),
        "--jetstream",
        "--store_dir",
        files,
      ],
      isReady: (output) => output.includes("Server is ready"),
    });
  let server = await start();
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    async restart() {
      await server.stop("SIGKILL");
      server = await start();
    },
    pause: () => void process.kill(server.pid, "SIGSTOP"),
    resume: () => void process.kill(server.pid, "SIGCONT"),
    async stop() {
      await server.stop("SIGKILL");
      rmSync(files, { recursive: true, force: true });
    },
  };
}
