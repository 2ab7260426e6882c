import { configure, onStopSignal } from "@hearth/config";
import { buildRouter } from "./build.ts";
import { routerSettings } from "./config.ts";

const config = configure("The router of Hearth.", routerSettings);
const router = await buildRouter(config);
onStopSignal(() => void router.stop(config.stopGraceMs).then(() => process.exit(0)));

process.stdout.write(`${JSON.stringify({ ready: true, grpcPort: router.grpcPort })}\n`);
