/** Calls `stop` at the first SIGTERM or SIGINT; a second one does not wait for it. */
export function onStopSignal(stop: (signal: NodeJS.Signals) => void): void {
  let stopping = false;
  const handle = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(130);
    stopping = true;
    stop(signal);
  };
  process.on("SIGTERM", handle);
  process.on("SIGINT", handle);
}
