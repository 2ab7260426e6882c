import { ExecutionPhase } from "@hearth/proto";
import { expect, vi } from "vitest";
import { execute, request } from "../e2e/support/execute.ts";
import { languages } from "../e2e/support/programs.ts";
import type { Target } from "./system.ts";

const patience = { timeout: 20_000, interval: 100 };

/** What was run before, to be found as it was. */
export interface Memory {
  readonly name: string;
  readonly result: string;
}

/** Runs something by the control plane and waits until the history has its end. */
export async function remember({ dev }: Target, text: string): Promise<Memory> {
  const { run } = await dev.runs.createRun({ execution: request("probe-py", "echo", [text]) });
  const memory = { name: run?.name ?? "", result: JSON.stringify(text) };
  await vi.waitFor(() => recall({ dev }, memory), patience);
  return memory;
}

/** The history still has it. */
export async function recall({ dev }: Pick<Target, "dev">, { name, result }: Memory): Promise<void> {
  const { run } = await dev.runs.getRun({ name });
  expect(run).toMatchObject({ name, phase: ExecutionPhase.SUCCEEDED });
  expect(Buffer.from(run?.result?.inline ?? []).toString()).toContain(result);
}

/** Everything a user does still works, and gives the right answer. */
export async function expectHealthy(target: Target, memories: readonly Memory[]): Promise<void> {
  const { dev } = target;
  for (const { environment } of languages) {
    const text = `after the storm, ${environment}`;
    expect(await withinPatience(execute(dev, environment, "echo", [text]), `echo in ${environment}`)).toMatchObject({
      result: text,
    });
  }
  await withinPatience(remember(target, "once more"), "a run");
  for (const memory of memories) await recall(target, memory);
  expect((await dev.runs.listRuns({})).runs.length).toBeGreaterThan(0);
  expect((await dev.environments.listEnvironments({})).environments.length).toBeGreaterThan(0);
  for (const { environment } of languages) await dev.environments.listReplicas({ environment });
  for (const path of ["/", "/healthz", `/runs/${memories[0]?.name ?? ""}`]) {
    expect([path, (await fetch(`${dev.addresses.url}${path}`)).status]).toEqual([path, 200]);
  }
}

function withinPatience<T>(answer: Promise<T>, what: string): Promise<T> {
  const { promise, reject } = Promise.withResolvers<T>();
  const timer = setTimeout(() => reject(new Error(`${what} did not come back within 20 s`)), patience.timeout);
  return Promise.race([answer, promise]).finally(() => clearTimeout(timer));
}
