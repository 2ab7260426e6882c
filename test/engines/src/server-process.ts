import { spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

/** A TCP port on the loopback interface that is free now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

export interface ServerProcess {
  readonly pid: number;
  /** Sends the signal and waits until the process is gone. Does nothing when it already is. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Starts a server and waits until `isReady` says so. Throws with the server's own output when it exits first or is not
 * ready within 20 s.
 */
export async function startServerProcess(options: {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly spawn?: SpawnOptions;
  readonly isReady: (output: string) => boolean;
}): Promise<ServerProcess> {
  const child = spawn(options.command, options.arguments, { ...options.spawn, stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let output = "";
  await new Promise<void>((resolve, reject) => {
    const give = (problem: string): void => reject(new Error(`${options.command} ${problem}:\n${output}`));
    const deadline = setTimeout(() => give("was not ready within 20 s"), 20_000);
    const read = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-20_000);
      if (!options.isReady(output)) return;
      clearTimeout(deadline);
      resolve();
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("error", (error) => give(`did not start (${error.message})`));
    child.once("exit", (code) => give(`exited with ${String(code)}`));
  });
  const killWithUs = (): void => void child.kill("SIGKILL");
  process.once("exit", killWithUs);
  return {
    pid: child.pid ?? 0,
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      await exited;
      process.off("exit", killWithUs);
    },
  };
}
