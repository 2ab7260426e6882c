import type { Clock } from "@hearth/clock";
import type Docker from "dockerode";
import { jsonLines } from "./docker-output.ts";

/** How long to wait before an engine is asked again that went away. */
const askAgainMs = 250;

/**
 * Tells of every container with a label that ends, until the signal. After a connection is made, the first one and each
 * that follows a broken one, `connected` is to look at what was missed.
 */
export function watchDeaths(options: {
  readonly docker: Docker;
  readonly clock: Clock;
  /** "name=value". */
  readonly label: string;
  readonly signal: AbortSignal;
  readonly died: (containerId: string) => void;
  readonly connected: () => Promise<void>;
  /** Told once of each time that the engine cannot be heard. */
  readonly problem: (error: Error) => void;
}): void {
  const { clock, signal, problem } = options;
  const watch = async (): Promise<void> => {
    let silentSince: number | undefined;
    while (!signal.aborted) {
      const error = await listen(options, () => (silentSince = undefined));
      if (isAborted(signal)) return;
      if (silentSince === undefined) problem(error);
      silentSince ??= clock.now();
      await new Promise<void>((resolve) => void clock.after(askAgainMs, resolve));
    }
  };
  void watch();
}

/** Resolves with why nothing more is heard. */
async function listen(
  { docker, label, signal, died, connected }: Parameters<typeof watchDeaths>[0],
  heard: () => void,
): Promise<Error> {
  const broken = new AbortController();
  try {
    const filters = { type: ["container" as const], event: ["die"], label: [label] };
    const abortSignal = AbortSignal.any([signal, broken.signal]);
    const stream = await docker.getEvents({ filters, abortSignal });
    heard();
    connected().catch((error: unknown) => broken.abort(error));
    for await (const event of jsonLines(stream)) died((event as { readonly id: string }).id);
    return new Error("the engine closed the connection");
  } catch (error) {
    return error as Error;
  }
}

/** Asked after a pause, in which it may have changed. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
