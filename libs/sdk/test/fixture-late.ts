import { TaskEnvironment } from "@hearth/sdk";

/** Imported by a test once the others' environment is deployed. */
export const late = new TaskEnvironment({ name: "late" });
late.task("any", () => 1, { retries: 3, queueTimeout: { minutes: 1 } });
