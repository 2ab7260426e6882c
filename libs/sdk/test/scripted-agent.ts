import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FrameSocket, type Frame, type FrameKind } from "@hearth/runner-protocol";

type FrameOf<K extends FrameKind> = Extract<Frame, { kind: K }>;

/** An agent whose every frame a test decides, and the real runner it started. */
export interface ScriptedAgent extends AsyncDisposable {
  readonly runner: ChildProcess;
  /** All frames so far. */
  readonly frames: readonly Frame[];
  send(frame: Frame): void;
  load(bundle: string, tasks: readonly string[], environment?: string): void;
  execute(attempt: number, task: string, args: readonly unknown[], trace?: object): void;
  /** The first frame of the kind that `matches`, now or when it comes. */
  frame<K extends FrameKind>(kind: K, matches?: (frame: FrameOf<K>) => boolean): Promise<FrameOf<K>>;
  /** Writes a bundle and answers with its path. */
  writeBundle(data: Uint8Array | string): Promise<string>;
}

export async function startScriptedAgent(): Promise<ScriptedAgent> {
  const folder = await mkdtemp(join(tmpdir(), "hearth-runner-"));
  const path = join(folder, "agent.sock");
  const server = createServer();
  server.listen(path);
  await once(server, "listening");
  const main = join(import.meta.dirname, "../src/runner/main.ts");
  const variables = { ...process.env, HEARTH_RUNNER_SOCKET: path, HEARTH_REPLICA_ID: "replica-1" };
  const runner = spawn(process.execPath, [main], { env: variables, stdio: ["ignore", "inherit", "pipe"] });
  const [connection] = (await once(server, "connection")) as [Socket];
  const frames: Frame[] = [];
  const watchers = new Set<() => void>();
  const socket = new FrameSocket(connection, {
    receive(frame) {
      frames.push(frame);
      watchers.forEach((watch) => watch());
    },
    closed: () => undefined,
  });
  const send = (frame: Frame): void => socket.send(frame);
  return {
    runner,
    frames,
    send,
    load(bundle, tasks, environment = "fixture") {
      const listed = tasks.map((name) => ({ name, entrypoint: "" }));
      const header = { bundle, tasks: listed, environment, version: "v1", concurrency: 4 };
      send({ kind: "load", header, body: new Uint8Array() });
    },
    execute(attempt, task, args, trace = { traceparent: "00-a-b-01" }) {
      const header = {
        attempt,
        execution: `execution-${attempt}`,
        number: 1,
        run: "run-1",
        task,
        deadlineUnixMs: 1_800_000_000_000,
        ...trace,
      };
      send({ kind: "execute", header, body: Buffer.from(JSON.stringify({ args })) });
    },
    frame<K extends FrameKind>(kind: K, matches: (frame: FrameOf<K>) => boolean = () => true) {
      const { promise, resolve } = Promise.withResolvers<FrameOf<K>>();
      const watch = (): void => {
        const found = frames.find((frame): frame is FrameOf<K> => frame.kind === kind && matches(frame as FrameOf<K>));
        if (found === undefined) return;
        watchers.delete(watch);
        resolve(found);
      };
      watchers.add(watch);
      watch();
      return promise;
    },
    async writeBundle(data) {
      const bundle = join(folder, "bundle.mjs");
      await writeFile(bundle, data);
      return bundle;
    },
    async [Symbol.asyncDispose]() {
      const left = runner.exitCode === null && runner.signalCode === null ? once(runner, "exit") : undefined;
      connection.destroy();
      await left;
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}
