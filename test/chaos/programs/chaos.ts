import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { current, reference, ReusePolicy, TaskEnvironment, TaskError } from "@hearth/sdk";
import type { CallResult, Work, WorkResult } from "../plan/work.ts";

const narrow = declare("chaos-ts-1", 4, 1);
const wide = declare("chaos-ts-10", 2, 10);

export const workAlone = narrow.task("work", work);
export const workTogether = wide.task("work", work);
export const whoami = narrow.task("whoami", () => process.pid);

function declare(name: string, replicas: number, concurrency: number): TaskEnvironment {
  const policy = { replicas: [1, replicas], concurrency, scaledownTtl: 10, idleTtl: 600 } as const;
  return new TaskEnvironment({ name, reusable: new ReusePolicy(policy) });
}

/** The same task as in chaos.py: what it gives follows from its arguments alone. */
async function work(file: string, todo: Work, padding: string): Promise<WorkResult> {
  mark(file, "start", todo);
  await delay(todo.sleepMs);
  const calls = await Promise.all(todo.calls.map((one) => call(file, one)));
  mark(file, "end", todo);
  if (todo.fails || (current()?.attempt ?? 0) <= todo.failsFirst) throw new RangeError(todo.name);
  const part = `${todo.name}.`;
  const letters = part.repeat(Math.ceil(todo.resultLetters / part.length)).slice(0, todo.resultLetters);
  return { name: todo.name, received: padding.length, letters, calls };
}

async function call(file: string, todo: Work): Promise<CallResult> {
  const task = reference<(file: string, work: Work, padding: string) => WorkResult>(todo.environment, "work");
  try {
    const { letters } = await task(file, todo, "p".repeat(todo.argumentLetters));
    return { name: todo.name, letters: letters.length };
  } catch (error) {
    if (error instanceof TaskError) return { name: todo.name, failed: error.reason };
    throw error;
  }
}

/** One write of less than a page at the file's end is not mixed with another's. */
function mark(file: string, what: "start" | "end", { name }: Work): void {
  const { executionId, attempt, environment } = current()!;
  const line = { mark: what, atMs: Date.now(), executionId, attempt, name, environment, pid: process.pid };
  appendFileSync(file, `${JSON.stringify(line)}\n`, { mode: 0o600 });
}
