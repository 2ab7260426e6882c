/** Lines a slow reader may lag behind; older ones are dropped. */
const linesMax = 10_000;

/** Yields the lines that `work` tells of while it goes on; ends, or throws, as the work does. */
export async function* linesOf(work: (onLine: (line: string) => void) => Promise<void>): AsyncGenerator<string, void> {
  let lines: string[] = [];
  let wake: (() => void) | undefined;
  const state = { done: false };
  const working = work((line) => {
    lines.push(line);
    if (lines.length > linesMax) lines.shift();
    wake?.();
  }).finally(() => {
    state.done = true;
    wake?.();
  });
  working.catch(() => undefined);
  while (!state.done || lines.length > 0) {
    if (lines.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    const ready = lines;
    lines = [];
    yield* ready;
  }
  await working;
}
