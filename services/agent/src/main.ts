import { exitOnConfigError, readConfig } from "@hearth/config";
import { buildAgent } from "./build.ts";
import { agentSettings } from "./config.ts";

if (process.argv.includes("--help")) {
  const lines = Object.values(agentSettings).map(({ variable, about }) => `  ${variable}\n      ${about}\n`);
  process.stdout.write(
    `The agent of Hearth, one in every replica. It reads these process variables:\n\n${lines.join("")}`,
  );
  process.exit(0);
}

const config = exitOnConfigError(() => readConfig(agentSettings, process.env));
const agent = await buildAgent(config, process.env);

const stop = (signal: string): void => {
  // A second signal does not wait.
  process.once("SIGTERM", () => process.exit(130));
  process.once("SIGINT", () => process.exit(130));
  agent.drain(`its agent got ${signal}`, config.stopGraceMs);
};
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
await agent.ended;
process.exit(0);
