/** What passes in a window of time; a runner that writes more is slowed down to a chunk per pause, and all of those are dropped. */
const windowMs = 60_000;
const windowBytesMax = 1024 * 1024;
const pauseMs = 10;

/** What is kept to explain how the runner died. */
const lastLinesMax = 20;
const lastBytesMax = 8 * 1024;

/** What a runner writes to its file descriptors, outside any task. */
export interface RunnerOutput {
  /** The last of it. */
  lastLines(): string;
  /** Says what is not said yet of what was dropped. */
  end(): void;
}

/** Passes a runner's own output on to the agent's, as much of it as the replica's log and the agent's time can bear. */
export function passOnOutput(
  streams: readonly NodeJS.ReadableStream[],
  write: (bytes: Uint8Array | string) => void,
): RunnerOutput {
  let last = Buffer.alloc(0);
  let room = windowBytesMax;
  let dropped = 0;
  const sayDropped = (): void => {
    if (dropped > 0) write(`\n... ${dropped} bytes of the runner's output were dropped\n`);
    dropped = 0;
  };
  const openWindow = (): void => {
    room = windowBytesMax;
    sayDropped();
  };
  for (const stream of streams) {
    stream.on("data", (chunk: Buffer) => {
      last = Buffer.concat([last, chunk.subarray(-lastBytesMax)]).subarray(-lastBytesMax);
      if (room === windowBytesMax) setTimeout(openWindow, windowMs).unref();
      const kept = chunk.subarray(0, room);
      if (kept.length > 0) write(kept);
      room -= kept.length;
      dropped += chunk.length - kept.length;
      if (room > 0) return;
      stream.pause();
      setTimeout(() => stream.resume(), pauseMs);
    });
  }
  return {
    lastLines: () => {
      const lines = last.toString("utf8").split("\n");
      return lines
        .filter((line) => line.trim() !== "")
        .slice(-lastLinesMax)
        .join("\n");
    },
    end: sayDropped,
  };
}
