/** What task code and programs both use. It must not import anything of the client's: it is part of every bundle. */
export type { CallOptions, OverrideOptions } from "./task/call-options.ts";
export { current, type Current } from "./task/current.ts";
export type { Duration } from "./task/duration.ts";
export { Image } from "./task/image.ts";
export type { TaskOptions } from "./task/limits.ts";
export { map } from "./task/map.ts";
export type { Recycling } from "./task/recycling.ts";
export type { WarmOptions } from "./task/registry.ts";
export type { RetryPolicy } from "./task/retry-policy.ts";
export { Resources } from "./task/resources.ts";
export { ReusePolicy, type ReusePolicyOptions } from "./task/reuse-policy.ts";
export { TaskEnvironment, type TaskEnvironmentOptions } from "./task/task-environment.ts";
export { TaskCancelledError, TaskError, TaskTimeoutError } from "./task/task-error.ts";
export { reference, type AnyFunction, type Task } from "./task/task.ts";
export { HearthError } from "@hearth/errors";
