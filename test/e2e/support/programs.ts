import { join } from "node:path";
import { expect } from "vitest";
import type { Dev } from "./dev.ts";
import { checkout } from "./run-hearth.ts";

/** The two languages, each with a program that declares the same tasks. */
export const languages = [
  {
    language: "python",
    environment: "probe-py",
    narrow: "narrow-py",
    file: programFile("probe.py"),
    raised: "ValueError",
  },
  {
    language: "typescript",
    environment: "probe-ts",
    narrow: "narrow-ts",
    file: programFile("probe.ts"),
    raised: "RangeError",
  },
] as const;

export type Language = (typeof languages)[number];

export function programFile(name: string): string {
  return join(checkout, "test", "e2e", "programs", name);
}

/** Deploys what a program declares, by running one of its tasks as a user would. */
export async function deploy(dev: Dev, file: string, task = "whoami"): Promise<void> {
  const { code, stdout, stderr } = await dev.hearth("run", file, task);
  expect({ code, stdout, stderr }, `hearth run ${file} ${task}`).toMatchObject({ code: 0 });
}
