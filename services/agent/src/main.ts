import { configure, onStopSignal } from "@hearth/config";
import { buildAgent } from "./build.ts";
import { agentSettings } from "./config.ts";

const config = configure("The agent of Hearth, one in every replica.", agentSettings);
const agent = await buildAgent(config, process.env);
onStopSignal((signal) => agent.drain({ cause: "STOPPED", reason: `its agent got ${signal}` }, config.stopGraceMs));

await agent.ended;
process.exit(0);
