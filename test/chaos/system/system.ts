import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "@hearth/test-engines";
import { Part } from "./part.ts";
import { killReplicas } from "./replicas.ts";
import { runProgram } from "./run-program.ts";
import { controlPlane, nats, postgres, router, stateFolder, type Layout } from "./specs.ts";

/** A whole Hearth of real processes. */
export interface System extends AsyncDisposable {
  readonly stateFolder: string;
  readonly parts: readonly Part[];
  readonly controlPlaneAddresses: readonly string[];
  readonly routerAddresses: readonly string[];
}

/** Starts all of it in the folder and deploys the programs. */
export async function startSystem(options: {
  readonly folder: string;
  readonly routers: number;
  readonly say: (text: string) => void;
}): Promise<System> {
  const { folder, say } = options;
  const layout: Layout = { folder, ports: await choosePorts(options.routers) };
  for (const name of ["logs", "state"]) mkdirSync(join(folder, name), { recursive: true });
  const database = postgres(layout);
  const routers = layout.ports.routers.map((_, index) => router(layout, index));
  const [leader, standby] = [0, 1].map((index) => controlPlane(layout, database.url, index));
  const specs = [[nats(layout), database], [leader!], [standby!, ...routers]];
  const parts = specs.map((stage) =>
    stage.map((spec) => new Part(spec, join(folder, "logs", `${spec.name}.log`), say)),
  );
  const killAll = (): void => killReplicas(stateFolder(layout));
  process.once("exit", killAll);
  const system: System = {
    stateFolder: stateFolder(layout),
    parts: parts.flat(),
    controlPlaneAddresses: layout.ports.controlPlanes.map(({ grpc }) => `127.0.0.1:${grpc}`),
    routerAddresses: layout.ports.routers.map((port) => `127.0.0.1:${port}`),
    async [Symbol.asyncDispose]() {
      // The control plane before the replicas, or it would replace them.
      await Promise.all(parts.slice(1).flatMap((stage) => stage.map((part) => part.stop("SIGKILL"))));
      killAll();
      await Promise.all(parts[0]!.map((part) => part.stop("SIGINT")));
      process.off("exit", killAll);
    },
  };
  try {
    for (const stage of parts) await Promise.all(stage.map((part) => part.start()));
    await deploy(layout, system);
  } catch (error) {
    await system[Symbol.asyncDispose]();
    throw error;
  }
  return system;
}

async function choosePorts(routers: number): Promise<Layout["ports"]> {
  const ports = await Promise.all(Array.from({ length: 6 + routers }, freePort));
  const [http = 0, grpc = 0, standbyHttp = 0, standbyGrpc = 0, nats = 0, postgres = 0, ...rest] = ports;
  const controlPlanes = [
    { grpc, http },
    { grpc: standbyGrpc, http: standbyHttp },
  ];
  return { controlPlanes, nats, postgres, routers: rest };
}

async function deploy({ folder, ports }: Layout, { controlPlaneAddresses, routerAddresses }: System): Promise<void> {
  const config = {
    url: `http://127.0.0.1:${ports.controlPlanes[0]?.http}`,
    controlPlane: controlPlaneAddresses[0],
    router: routerAddresses[0],
    routers: routerAddresses,
    nats: `nats://127.0.0.1:${ports.nats}`,
  };
  const file = join(folder, "config.json");
  writeFileSync(file, JSON.stringify(config));
  for (const program of ["chaos.py", "chaos.ts"]) {
    await runProgram(join(import.meta.dirname, "..", "programs", program), "whoami", file);
  }
}
