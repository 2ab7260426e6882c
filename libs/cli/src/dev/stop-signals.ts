/** What asks `hearth dev` to stop: Ctrl-C, a termination request, a terminal that was closed. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface StopRequests {
  readonly asked: boolean;
  /** Resolves with the first request: stop in order. */
  readonly first: Promise<undefined>;
  /** Resolves with the second: stop at once. */
  readonly second: Promise<undefined>;
  /** Gives the signals back their usual effect. */
  release(): void;
}

/** Takes over the signals that ask to stop. */
export function untilAskedToStop(): StopRequests {
  const first = Promise.withResolvers<undefined>();
  const second = Promise.withResolvers<undefined>();
  let count = 0;
  const ask = (): void => {
    count += 1;
    (count === 1 ? first : second).resolve(undefined);
  };
  for (const signal of signals) process.on(signal, ask);
  return {
    get asked() {
      return count > 0;
    },
    first: first.promise,
    second: second.promise,
    release() {
      for (const signal of signals) process.off(signal, ask);
    },
  };
}
