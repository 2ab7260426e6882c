import { ExecutionPhase, type Run } from "@hearth/proto";
import { followRun as untilEnd } from "@hearth/sdk/follow";
import { withControlPlane, type ControlPlane } from "../control-plane.ts";
import { runDocument } from "../show/run-document.ts";
import { printDocument } from "../show/document.ts";
import { isLive } from "../show/names.ts";
import { runProgress, runState } from "../show/run.ts";

/**
 * Shows a run's progress on stderr until it has ended, then the run on stdout. Ctrl-C or SIGTERM asks for it to end and
 * goes on waiting; a second one leaves at once. Answers whether it succeeded.
 */
export async function followRun(name: string, json: boolean): Promise<boolean> {
  return withControlPlane(async (controlPlane) => {
    const release = cancelOnSignal(controlPlane, name);
    try {
      const run = await waitForEnd(controlPlane, name);
      if (json) printDocument(await runDocument(controlPlane, run));
      else console.log(runState(run));
      return run.phase === ExecutionPhase.SUCCEEDED;
    } finally {
      release();
    }
  });
}

async function waitForEnd(controlPlane: ControlPlane, name: string): Promise<Run> {
  let shown = "";
  for await (const run of untilEnd(controlPlane, name)) {
    if (!isLive(run.phase)) continue;
    const progress = runProgress(run);
    if (progress !== shown) process.stderr.write(`${progress}\n`);
    shown = progress;
  }
  const { run } = await controlPlane.runs.getRun({ name });
  if (run === undefined) throw new Error(`The control plane answered without run ${name}.`);
  return run;
}

function cancelOnSignal({ runs }: ControlPlane, name: string): () => void {
  let asked = false;
  const cancel = (): void => {
    if (asked) process.exit(130);
    asked = true;
    process.stderr.write(`Asking run ${name} to end; Ctrl-C again leaves at once.\n`);
    runs.cancelRun({ name }).catch((error: unknown) => {
      process.stderr.write(`It could not be asked: ${(error as Error).message}\n`);
    });
  };
  process.on("SIGINT", cancel).on("SIGTERM", cancel);
  return () => process.off("SIGINT", cancel).off("SIGTERM", cancel);
}
