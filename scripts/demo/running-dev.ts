import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../run-step.ts";

/** A `hearth dev` of the demo's own: free ports, a state folder that goes with it. */
export interface RunningDev extends AsyncDisposable {
  readonly url: string;
  /** Process variables with which programs and commands find it. */
  readonly variables: NodeJS.ProcessEnv;
}

const bundle = join(root, "dist", "hearth.mjs");

/** Starts it and waits until it is ready. */
export async function startDev(natsServer: string): Promise<RunningDev> {
  const stateDir = mkdtempSync(join(tmpdir(), "hearth-demo-"));
  const child = spawn(process.execPath, [bundle, "dev", "--state-dir", stateDir, "--port", "0", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
    // A group of its own: a Ctrl-C reaches the demo alone, which then stops it in order.
    detached: true,
    env: { ...process.env, HEARTH_NATS_SERVER: natsServer },
  });
  const exited = once(child, "exit");
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), "line").then(([text]) => text as string),
    exited.then(() => undefined),
  ]);
  if (line === undefined) throw new Error("hearth dev did not start; what it said is above.");
  return {
    url: (JSON.parse(line) as { url: string }).url,
    variables: { ...process.env, HEARTH_CONFIG: join(stateDir, "config.json") },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await exited;
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

/** Runs a command with --json against it and gives what it printed. */
export async function askHearth(dev: RunningDev, ...args: readonly string[]): Promise<unknown> {
  const child = spawn(process.execPath, [bundle, ...args, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: dev.variables,
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`hearth ${args.join(" ")} failed.`);
  return JSON.parse(output);
}
