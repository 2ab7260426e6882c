/** `@hearth/sdk` in a program: the nouns of task code, and what starts runs. */
import "./client/warm.ts";

export * from "./task-nouns.ts";
export { connect, ExecutionClient } from "./client/execution-client.ts";
export { init, initFromConfig, type Installation } from "./client/installation.ts";
export { Run, type RunPhase } from "./client/run.ts";
export { run } from "./client/start-run.ts";
