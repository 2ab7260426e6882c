import { startNats } from "@hearth/test-engines";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { settings } from "../src/config.ts";

const main = join(import.meta.dirname, "..", "src", "main.ts");

function run(
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    const env = { PATH: process.env["PATH"], ...variables };
    execFile(process.execPath, [main, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

test("--help names every process variable", async () => {
  const { code, stdout } = await run(["--help"], {});
  expect(code).toBe(0);
  for (const { variable } of Object.values(settings)) expect(stdout).toContain(variable);
});

test("a wrong configuration ends it with 64, and everything that is wrong is named", async () => {
  const { code, stderr } = await run([], {
    HEARTH_GRPC_PORT: "seven",
    HEARTH_DATABASE_URL: "mysql://x",
    HEARTH_AGENT_COMMAND: "node agent.mjs",
    HEARTH_LOG_LEVEL: "loud",
  });
  expect(code).toBe(64);
  for (const name of ["HEARTH_GRPC_PORT", "HEARTH_DATABASE_URL", "HEARTH_AGENT_COMMAND", "HEARTH_LOG_LEVEL"]) {
    expect(stderr).toContain(`${name}: `);
  }
});

test("one line says that it is ready and where, and SIGTERM ends it in order", async () => {
  const nats = await startNats();
  const folder = mkdtempSync(join(tmpdir(), "hearth-main-"));
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env["PATH"],
      HEARTH_NATS_URL: nats.url,
      HEARTH_STATE_DIR: folder,
      HEARTH_GRPC_PORT: "0",
      HEARTH_HTTP_PORT: "0",
    },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const ready = JSON.parse(line.toString()) as { readonly ready: boolean; readonly httpPort: number };
  expect(ready).toMatchObject({ ready: true, grpcPort: expect.any(Number) as number });
  expect((await fetch(`http://127.0.0.1:${ready.httpPort}/healthz`)).status).toBe(200);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
  await nats.stop();
  rmSync(folder, { recursive: true });
});
