import { ConfigError, configure, onStopSignal } from "@hearth/config";
import { build } from "./build.ts";
import { settings } from "./config.ts";

const config = configure("The control plane of Hearth.", settings);
const controlPlane = await build(config, process.env, import.meta.dirname).catch((error: unknown) => {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(64);
});
void controlPlane.superseded.then(() => {
  process.stderr.write("Another control plane leads: this one was silent for too long.\n");
  process.exit(1);
});
onStopSignal(() => void controlPlane.stop().then(() => process.exit(0)));

const { grpcPort, httpPort } = controlPlane;
process.stdout.write(`${JSON.stringify({ ready: true, grpcPort, httpPort })}\n`);
