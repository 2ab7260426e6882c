import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { ReusePolicy, TaskEnvironment } from "@hearth/sdk";

const tree = new TaskEnvironment({
  name: "tree-ts",
  reusable: new ReusePolicy({ replicas: 2, concurrency: 1, idleTtl: 60 }),
});

/** Its number, after a while; it notes that it ran. */
export const leaf = tree.task("leaf", async (number: number, notes: string) => {
  appendFileSync(notes, `${number}\n`);
  await delay(200);
  return number;
});

/** The sum of ten leaves. */
export const branch = tree.task("branch", async (number: number, notes: string) => {
  const leaves = await Promise.all(Array.from({ length: 10 }, (_, one) => leaf(10 * number + one, notes)));
  return leaves.reduce((sum, one) => sum + one, 0);
});

/** The sum of four branches, 780. */
export const trunk = tree.task("trunk", async (notes: string) => {
  const branches = await Promise.all(Array.from({ length: 4 }, (_, number) => branch(number, notes)));
  return branches.reduce((sum, one) => sum + one, 0);
});
