import type { Run } from "@hearth/proto";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { showBytes } from "./bytes.ts";
import { showPhase } from "./names.ts";
import { showSpan } from "./times.ts";

/** How far a run is, in one line: "7 of 50 done, 4 running, 39 queued". */
export function runProgress(run: Run): string {
  const { queued, running, succeeded, failed } = run.executions ?? { queued: 0, running: 0, succeeded: 0, failed: 0 };
  const done = succeeded + failed;
  const parts = [`${done} of ${done + queued + running} done`];
  if (failed > 0) parts.push(`${failed} failed`);
  if (running > 0) parts.push(`${running} running`);
  if (queued > 0) parts.push(`${queued} queued`);
  return parts.join(", ");
}

/** Everything about a run for a person. */
export function runSummary(run: Run): string {
  return `${runHead(run)}\n${runState(run)}`;
}

/** What a run is called and where it is shown. */
export function runHead(run: Pick<Run, "name" | "url">): string {
  return [`run         ${run.name}`, ...(run.url === "" ? [] : [`url         ${run.url}`])].join("\n");
}

/** Where a run is, how long it took, and its result or failure. */
export function runState(run: Run): string {
  const [from, to] = [run.createdAt, run.endedAt].map((moment) => (moment === undefined ? 0 : timestampMs(moment)));
  const lines = [
    `task        ${run.environment}/${run.task}`,
    `phase       ${showPhase(run.phase)}`,
    `took        ${showSpan(from ?? 0, to ?? 0, Date.now())}`,
    `executions  ${runProgress(run)}`,
  ];
  if (run.result?.stored !== undefined)
    lines.push(`result      ${showBytes(run.result.stored.sizeBytes)}; --json prints it`);
  else if (run.result !== undefined) lines.push(`result      ${new TextDecoder().decode(run.result.inline)}`);
  if (run.failure !== undefined) {
    lines.push(`failure     ${run.failure.reason}: ${run.failure.message}`);
    if (run.failure.traceback !== "") lines.push(run.failure.traceback.trimEnd());
  }
  return lines.join("\n");
}
