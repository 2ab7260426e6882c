import { isDeepStrictEqual } from "node:util";
import type { Figures } from "./measure.ts";

/** An example the demo runs, and how its outcome is known to be right. */
export interface DemoProgram {
  readonly path: string;
  readonly about: string;
  /** Says what is wrong with the result of its run; undefined: nothing. */
  readonly check: (outcome: { readonly result: unknown; readonly figures: Figures }) => string | undefined;
}

const squares = Array.from({ length: 10 }, (_, x) => x * x);
/** The sum of 0 to 499. */
const sum = (500 * 499) / 2;

export const programs: readonly DemoProgram[] = [
  ...["examples/python/reuse.py", "examples/typescript/reuse.ts"].map((path) => ({
    path,
    about: "ten calls one after another",
    check: expecting({ result: squares, executions: 11, processesMax: 2 }),
  })),
  ...["examples/python/reuse_concurrency.py", "examples/typescript/reuse_concurrency.ts"].map((path) => ({
    path,
    about: "five hundred calls at once, a hundred in each replica",
    check: expecting({ result: sum, executions: 501, processesMax: 2 }),
  })),
  {
    path: "examples/python/warm_model.py",
    about: "a model loaded once in each replica, used by a hundred executions",
    check: checkPythonModel,
  },
  {
    path: "examples/typescript/warm_model.ts",
    about: "a model loaded once, used by fifty executions",
    check: checkNodeModel,
  },
];

function expecting(expected: {
  readonly result: unknown;
  readonly executions: number;
  readonly processesMax: number;
}): DemoProgram["check"] {
  return ({ result, figures }) => {
    if (!isDeepStrictEqual(result, expected.result)) {
      return `its result is ${JSON.stringify(result)}, not ${JSON.stringify(expected.result)}`;
    }
    return checkReuse(figures, expected);
  };
}

function checkReuse(
  figures: Figures,
  expected: { readonly executions: number; readonly processesMax: number },
): string | undefined {
  if (figures.executions !== expected.executions) {
    return `it made ${figures.executions} executions, not ${expected.executions}`;
  }
  if (figures.runners <= expected.processesMax) return undefined;
  return `${figures.runners} processes served it, where ${expected.processesMax} replicas are the most`;
}

function checkPythonModel({ result, figures }: Parameters<DemoProgram["check"]>[0]): string | undefined {
  const [, loads, executions, replicas] =
    /^(\d+) loads for (\d+) executions in (\d+) replicas/.exec(String(result)) ?? [];
  if (executions !== "100") return `its result is ${JSON.stringify(result)}, which does not tell of 100 executions`;
  if (loads !== replicas) return `its model was loaded ${loads ?? 0} times in ${replicas ?? 0} replicas`;
  return checkReuse(figures, { executions: 101, processesMax: 2 });
}

function checkNodeModel({ result, figures }: Parameters<DemoProgram["check"]>[0]): string | undefined {
  const answer = result as { readonly executions?: unknown; readonly loads?: unknown } | undefined;
  if (answer?.executions !== 50) return `its result is ${JSON.stringify(result)}, which does not tell of 50 executions`;
  if (answer.loads !== 1) return `its model was loaded ${String(answer.loads)} times, not once`;
  return checkReuse(figures, { executions: 51, processesMax: 1 });
}
