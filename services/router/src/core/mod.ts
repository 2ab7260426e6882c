/** How a router decides, for whoever runs it without a router around it: a simulation. */
export * from "./events.ts";
export * from "./execution.ts";
export * from "./router-machine.ts";
export * from "./replay-journal.ts";
export { retention } from "./ended-executions.ts";
export { silentAfterMs } from "./peer-routers.ts";
export { turnsPerOldest } from "./backlog.ts";
export { choosePool } from "./choose-pool.ts";
export { decideAdmission, type Admission, type AdmissionSnapshot } from "./admit.ts";
export { noLimits, type Limits } from "./limits.ts";
export { provesItself } from "./proves-itself.ts";
export type { Pool } from "./pool.ts";
export type { Replica } from "./replica.ts";
