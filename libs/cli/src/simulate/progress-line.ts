import type { WriteStream } from "node:tty";
import { showDuration } from "../show/times.ts";
import type { Progress } from "./job.ts";

/** How far a simulation has come, on one line of a terminal. */
export interface ProgressLine {
  show(progress: readonly (Progress | undefined)[]): void;
  /** Takes the line away. */
  end(): void;
}

const everyMs = 200;
/** Where lines cannot be replaced they are rare. */
const everyMsWithoutTerminal = 5_000;

/** Shown from the first second on, so that short simulations leave nothing on the way. */
export function progressLine(
  stream: Pick<WriteStream, "write" | "isTTY" | "columns">,
  now = performance.now.bind(performance),
): ProgressLine {
  const startedAt = now();
  let shownAt = startedAt + 1_000 - everyMs;
  return {
    show(progress) {
      const at = now();
      if (at - shownAt < (stream.isTTY ? everyMs : everyMsWithoutTerminal)) return;
      shownAt = at;
      // A line that wraps cannot be taken away.
      const text = describe(progress, at - startedAt).slice(0, stream.isTTY ? stream.columns - 1 : undefined);
      stream.write(stream.isTTY ? `\r\u001b[2K${text}` : `${text}\n`);
    },
    end() {
      if (stream.isTTY) stream.write("\r\u001b[2K");
    },
  };
}

function describe(progress: readonly (Progress | undefined)[], wallMs: number): string {
  const known = progress.every((one) => one === undefined || one.share !== undefined);
  const share = progress.reduce((sum, one) => sum + (one?.share ?? 0), 0) / Math.max(1, progress.length);
  const executions = progress.reduce((sum, one) => sum + (one?.executions ?? 0), 0);
  const perSecond = Math.round((executions * 1_000) / wallMs).toLocaleString("en");
  const latestMs = Math.max(0, ...progress.map((one) => one?.simulatedMs ?? 0));
  const reached = known ? `${Math.floor(share * 100)} %` : `at ${showDuration(latestMs)}`;
  return `simulating: ${reached}, ${executions.toLocaleString("en")} executions, ${perSecond} executions/s (Ctrl-C: what there is so far)`;
}
