import { newId } from "@hearth/ids";
import { startRunner } from "@hearth/agent/runner-process";
import { join } from "node:path";
import { StreamClient, type Send } from "./client.ts";
import { root } from "./paths.ts";
import { connectPlainly } from "./plain-grpc.ts";
import { startLineProcess } from "./processes/line-process.ts";

/** What the way alone takes on this machine, without Hearth's work. */
export interface Floor extends AsyncDisposable {
  readonly send: Send;
}

const processes = join(import.meta.dirname, "processes");

/**
 * Two hops over three processes: this one, one that passes on, one that answers. Streams of coalesced frames over plain nice-grpc,
 * as a service would do it that has no transport of its own: a faster transport of Hearth's then shows in what is compared with the
 * floor, where it would otherwise move the floor with it.
 */
export async function startStreamEcho(payload: readonly unknown[] = []): Promise<Floor> {
  const script = join(processes, "echo-server.ts");
  await using starting = new AsyncDisposableStack();
  const far = starting.adopt(await startLineProcess([process.execPath, script]), (each) => each.stop());
  const command = [process.execPath, script, far.ready["address"] as string];
  const near = starting.adopt(await startLineProcess(command), (each) => each.stop());
  const client = starting.use(new StreamClient(connectPlainly(near.ready["address"] as string)));
  const all = starting.move();
  return {
    send: client.sender("bench-node", "noop", payload),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** A runner that runs nothing, spoken to as the agent does: frames over a Unix socket. */
export async function startFrameEcho(language: "node" | "python"): Promise<Floor> {
  const command =
    language === "node"
      ? [process.execPath, join(processes, "echo-runner.ts")]
      : ["python3", join(processes, "echo_runner.py")];
  const waiting = new Map<number, Parameters<Send>[0]>();
  const connected = Promise.withResolvers<void>();
  const runner = startRunner({
    command,
    variables: { ...process.env, PYTHONPATH: join(root, "libs", "sdk-python", "src") },
    frame(frame) {
      if (frame.kind === "hello") connected.resolve();
      if (frame.kind !== "ended") return;
      waiting.get(frame.header.attempt)?.(undefined);
      waiting.delete(frame.header.attempt);
    },
    gone: (death) => connected.reject(new Error(`The echo of frames ended: ${death.lastOutput}`)),
  });
  await connected.promise;
  const body = new TextEncoder().encode('{"args":[]}');
  let attempts = 0;
  return {
    send(onAnswer) {
      const attempt = ++attempts;
      const execution = newId(Date.now());
      waiting.set(attempt, onAnswer);
      runner.send({ kind: "execute", header: { attempt, execution, number: 1, run: execution, task: "noop" }, body });
    },
    [Symbol.asyncDispose]: () => runner.stop(1_000),
  };
}
