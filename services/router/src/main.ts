import { configure, onStopSignal } from "@hearth/config";
import { buildRouter } from "./build.ts";
import { routerSettings } from "./config.ts";

const config = configure("The router of Hearth.", routerSettings);
const router = await buildRouter(config);
void router.superseded.then((successor) => {
  process.stderr.write(`Router ${successor} has taken over what this one had: it was silent for too long.\n`);
  process.exit(1);
});
onStopSignal(() => void router.stop(config.stopGraceMs).then(() => process.exit(0)));

process.stdout.write(`${JSON.stringify({ ready: true, grpcPort: router.grpcPort })}\n`);
