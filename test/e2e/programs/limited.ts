import { readdirSync } from "node:fs";
import { hostname } from "node:os";
import { ReusePolicy, Resources, TaskEnvironment } from "@hearth/sdk";

const limited = new TaskEnvironment({
  name: "limited-ts",
  resources: new Resources({ cpu: 0.5, memory: "192Mi" }),
  reusable: new ReusePolicy({ replicas: 1, concurrency: 1, idleTtl: 300 }),
});

let calls = 0;

/** Where it runs, and how often it was asked before. */
export const whoami = limited.task("whoami", () => ({
  host: hostname(),
  root: readdirSync("/opt").sort(),
  runtime: process.version,
  calls: ++calls,
}));

/** Holds so much memory, every page of it. */
export const hold = limited.task("hold", (mebibytes: number) => Buffer.alloc(mebibytes * 2 ** 20, "x").length);
