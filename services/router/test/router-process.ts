import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ExecutionService } from "@hearth/proto";
import { createClient, openChannel, type RpcClient } from "@hearth/rpc";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** A router in a process of its own, which can be killed. */
export interface RouterProcess extends AsyncDisposable {
  readonly port: number;
  readonly client: RpcClient<typeof ExecutionService>;
  signal(name: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT"): void;
  /** With its exit code, undefined when a signal ended it. */
  readonly ended: Promise<number | undefined>;
}

export async function startRouterProcess(natsUrl: string, port = 0): Promise<RouterProcess> {
  const variables = { HEARTH_NATS_URL: natsUrl, HEARTH_GRPC_PORT: `${port}`, HEARTH_STOP_GRACE_MS: "200" };
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, ...variables, HEARTH_LOG_LEVEL: "silent" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit").then(([code]) => (code as number | null) ?? undefined);
  const grpcPort = await readPort(child);
  const channel = openChannel(`127.0.0.1:${grpcPort}`);
  return {
    port: grpcPort,
    client: createClient(ExecutionService, channel),
    signal: (name) => void child.kill(name),
    ended,
    async [Symbol.asyncDispose]() {
      channel.close();
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function readPort(child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error("The router has no standard output.");
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('{"ready":true')) return (JSON.parse(line) as { grpcPort: number }).grpcPort;
  }
  throw new Error("The router ended before it was ready.");
}
