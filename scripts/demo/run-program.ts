import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { root } from "../run-step.ts";
import { measure, type ExecutionDocument, type Figures } from "./measure.ts";
import type { DemoProgram } from "./programs.ts";
import { askHearth, type RunningDev } from "./running-dev.ts";

/** How a program went. */
export interface ProgramOutcome {
  readonly program: DemoProgram;
  readonly tookMs: number;
  /** What is wrong; undefined: nothing. */
  readonly problem: string | undefined;
  /** Absent when it made no run. */
  readonly figures: Figures | undefined;
}

interface RunDocument {
  readonly name: string;
  readonly phase: string;
  readonly result?: unknown;
}

/** Runs one program, its output shown as it comes, and looks at what it left in the history. */
export async function runProgram(program: DemoProgram, dev: RunningDev, stop: AbortSignal): Promise<ProgramOutcome> {
  const before = new Set((await listRuns(dev)).map(({ name }) => name));
  const startedAt = performance.now();
  const code = await execute(program, dev, stop);
  const tookMs = performance.now() - startedAt;
  const runs = await endedRuns(dev, before);
  const executions = await Promise.all(
    runs.map(async ({ name }) => (await askHearth(dev, "executions", name)) as readonly ExecutionDocument[]),
  );
  const figures = runs.length === 0 ? undefined : measure(executions.flat());
  const [run] = runs;
  const { result } =
    run === undefined ? {} : ((await askHearth(dev, "runs", "get", run.name)) as Pick<RunDocument, "result">);
  return { program, tookMs, figures, problem: findProblem(program, code, figures, result) };
}

const historyPollMs = 50;
const historyBoundMs = 10_000;

/** The runs made since, newest first, once the history has the ends of all: it follows a moment behind. */
async function endedRuns(dev: RunningDev, before: ReadonlySet<string>): Promise<readonly RunDocument[]> {
  const deadline = performance.now() + historyBoundMs;
  for (;;) {
    const runs = (await listRuns(dev)).filter(({ name }) => !before.has(name));
    const settled = runs.length > 0 && runs.every(({ phase }) => !livePhases.includes(phase));
    if (settled || performance.now() > deadline) return runs;
    await delay(historyPollMs);
  }
}

const livePhases = ["EXECUTION_PHASE_QUEUED", "EXECUTION_PHASE_RUNNING"];

async function listRuns(dev: RunningDev): Promise<readonly RunDocument[]> {
  return (await askHearth(dev, "runs", "list")) as readonly RunDocument[];
}

async function execute(program: DemoProgram, dev: RunningDev, stop: AbortSignal): Promise<number | null> {
  const python = program.path.endsWith(".py");
  const sdk = join(root, "libs", "sdk-python", "src");
  const variables = {
    PYTHONPATH: [sdk, process.env["PYTHONPATH"]].filter(Boolean).join(delimiter),
    PYTHONUNBUFFERED: "1",
  };
  const child = spawn(
    python ? (process.env["HEARTH_PYTHON"] ?? "python3") : process.execPath,
    [join(root, program.path)],
    {
      stdio: ["ignore", "inherit", "inherit"],
      env: python ? { ...dev.variables, ...variables } : dev.variables,
    },
  );
  const end = (): void => void child.kill("SIGINT");
  stop.addEventListener("abort", end);
  const [code] = (await once(child, "close")) as [number | null];
  stop.removeEventListener("abort", end);
  return code;
}

function findProblem(
  program: DemoProgram,
  code: number | null,
  figures: Figures | undefined,
  result: unknown,
): string | undefined {
  if (code !== 0) return `it ended with exit code ${code ?? "none"}`;
  if (figures === undefined) return "it made no run";
  if (figures.failed > 0) return `${figures.failed} of its ${figures.executions} executions did not succeed`;
  return program.check({ result, figures });
}
