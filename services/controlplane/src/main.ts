import { exitOnConfigError, readConfig } from "@hearth/config";
import { build } from "./build.ts";
import { settings } from "./config.ts";

if (process.argv.includes("--help")) {
  const lines = Object.values(settings).map(({ variable, about }) => `  ${variable.padEnd(30)}${about}`);
  process.stdout.write(`Hearth's control plane. It is configured by process variables:\n\n${lines.join("\n")}\n`);
  process.exit(0);
}

const config = exitOnConfigError(() => readConfig(settings, process.env));
const controlPlane = await build(config, process.env, import.meta.dirname);

let stopping = false;
const stop = (): void => {
  if (stopping) return;
  stopping = true;
  void controlPlane.stop().then(() => process.exit(0));
};
process.on("SIGTERM", stop);
process.on("SIGINT", stop);

const { grpcPort, httpPort } = controlPlane;
process.stdout.write(`${JSON.stringify({ ready: true, grpcPort, httpPort })}\n`);
