import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureDocker } from "../../../scripts/ensure-engines.ts";
import { pythonFileSystem } from "./docker-python-image.ts";
import { startServerProcess, type ServerProcess } from "./server-process.ts";

export interface DockerEngine {
  /** Such as "unix:///tmp/…/docker.sock". */
  readonly host: string;
  /** An image with Python, pip and a shell, and no registry behind it. */
  readonly pythonImage: string;
  /** Runs the command line against it and gives what it printed. */
  docker(...args: readonly string[]): string;
  /** Ends the engine and starts it again, as an upgrade of it would. Throws for one that is not ours. */
  restart(): Promise<void>;
  /** Ends the engine and removes its files. One that is not ours keeps its image alone. */
  stop(): Promise<void>;
}

/** A Docker engine with an image of Python: that of HEARTH_TEST_DOCKER_HOST, or one of its own in a temporary folder. */
export async function startDocker(): Promise<DockerEngine> {
  const choice = ensureDocker();
  const own = choice.kind === "own" ? await startOwn(choice.daemon) : undefined;
  const host = choice.kind === "own" ? (own?.host ?? "") : choice.host;
  const docker = (...args: readonly string[]): string =>
    execFileSync(choice.client, ["-H", host, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  try {
    return {
      host,
      pythonImage: importImage(docker),
      docker,
      restart: () => own?.restart() ?? Promise.reject(new Error("The engine is not this test's own.")),
      stop: async () => own?.stop(),
    };
  } catch (error) {
    await own?.stop();
    throw error;
  }
}

function importImage(docker: DockerEngine["docker"]): string {
  const archive = pythonFileSystem();
  const tag = `hearth-test/python:${createHash("sha256").update(readFileSync(archive)).digest("hex").slice(0, 12)}`;
  const there = docker("images", "--quiet", tag).trim() !== "";
  if (!there) docker("import", archive, tag);
  return tag;
}

async function startOwn(daemon: string): Promise<Pick<DockerEngine, "host" | "restart" | "stop">> {
  const folder = mkdtempSync(join(tmpdir(), "hearth-docker-"));
  const host = `unix://${join(folder, "docker.sock")}`;
  const places = [
    ...["--host", host],
    ...["--data-root", join(folder, "data")],
    ...["--exec-root", join(folder, "exec")],
    ...["--pidfile", join(folder, "docker.pid")],
  ];
  // Containers of tests share the machine's network, so that the engine need not change its rules.
  const network = ["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"];
  const start = (): Promise<ServerProcess> =>
    startServerProcess({
      command: daemon,
      arguments: [...places, ...network],
      isReady: (output) => output.includes("API listen on"),
    });
  let server = await start();
  return {
    host,
    async restart() {
      await server.stop();
      server = await start();
    },
    async stop() {
      await server.stop();
      unmountBelow(folder);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An engine leaves the namespaces of its networks mounted. */
function unmountBelow(folder: string): void {
  const mounted = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((path) => path.startsWith(`${folder}/`));
  // The last one mounted may be inside of an earlier one.
  for (const path of mounted.reverse()) execFileSync("umount", ["--lazy", path]);
}
