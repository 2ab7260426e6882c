/** Where messages go through. Names are those of routers, replicas, "controlplane" and "journal". */
export interface Network {
  /** When a published message reaches one of its hearers, as delays: none when it is lost, several when it is doubled. */
  publish(from: string, to: string): readonly number[];
  /** How long the next message of a stream takes. What is sent on a stream arrives in order, or not at all. */
  stream(from: string, to: string): number;
  /** Whether a call gets through, and how long it takes one way. Undefined: it fails. */
  call(from: string, to: string): number | undefined;
  /** Whether a stream can be opened now. */
  connects(from: string, to: string): boolean;
}

/** A network that loses nothing, with the same delay for everything. */
export function perfectNetwork(hopMs = 0): Network {
  const once = [hopMs];
  return { publish: () => once, stream: () => hopMs, call: () => hopMs, connects: () => true };
}
