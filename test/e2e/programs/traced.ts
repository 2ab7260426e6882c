import { current, ReusePolicy, TaskEnvironment } from "@hearth/sdk";

const traced = new TaskEnvironment({ name: "traced-ts", reusable: new ReusePolicy({ replicas: 1, concurrency: 2 }) });

export const own = traced.task("own", () => current()!.traceparent);

/** The trace context of an attempt, and of what it calls. */
export const family = traced.task("family", async () => [current()!.traceparent, await own()]);
