import { exitOnConfigError, readConfig } from "@hearth/config";
import { buildRouter } from "./build.ts";
import { routerSettings } from "./config.ts";

if (process.argv.includes("--help")) {
  const lines = Object.values(routerSettings).map(({ variable, about }) => `  ${variable}\n      ${about}\n`);
  process.stdout.write(`The router of Hearth. It reads these process variables:\n\n${lines.join("")}`);
  process.exit(0);
}

const config = exitOnConfigError(() => readConfig(routerSettings, process.env));
const router = await buildRouter(config);
process.stdout.write(`${JSON.stringify({ ready: true, grpcPort: router.grpcPort })}\n`);

const stop = (): void => {
  // A second signal does not wait.
  process.once("SIGTERM", () => process.exit(130));
  process.once("SIGINT", () => process.exit(130));
  void router.stop(config.stopGraceMs).then(() => process.exit(0));
};
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
