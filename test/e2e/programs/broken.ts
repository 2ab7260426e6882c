import { ReusePolicy, TaskEnvironment } from "@hearth/sdk";

const broken = new TaskEnvironment({ name: "broken-ts", reusable: new ReusePolicy({ replicas: 1 }) });

if (process.env["HEARTH_REPLICA_ID"] !== undefined) throw new Error("no model in this replica");

export const never = broken.task("never", () => 1);
