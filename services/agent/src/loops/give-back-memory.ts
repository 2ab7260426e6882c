import type { Clock } from "@hearth/clock";
import type { Logger } from "@hearth/telemetry";
import { decideCollection, type CollectionSnapshot } from "../core/decide-collection.ts";
import { idleSince } from "../core/idle-since.ts";
import type { OwnMemory } from "../io/own-memory.ts";
import type { Announced } from "./announce-slots.ts";

const lookEveryMs = 500;

/** Has garbage collected when the replica comes to rest: of itself V8 keeps what it grew by for as long as nothing happens. */
export function giveBackMemory(options: {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly announced: () => Announced;
  readonly memory: OwnMemory;
}): void {
  const { clock, logger, announced, memory } = options;
  let idleSinceMs = 0;
  let executions = 0;
  let last: CollectionSnapshot["last"];
  clock.every(lookEveryMs, () => {
    const now = clock.now();
    const { isReady, live, state } = announced();
    // An attempt may come and go between two looks.
    const isAtRest = isReady && live === 0 && state.executions === executions;
    executions = state.executions;
    idleSinceMs = idleSince(idleSinceMs, isAtRest ? 0 : 1, now);
    const residentBytes = memory.residentBytes();
    const { kind, reason } = decideCollection({ idleSinceMs, residentBytes, last }, now);
    if (kind === "wait") return;
    memory.collect();
    last = { atMs: clock.now(), residentBytes: memory.residentBytes() };
    logger.debug({ reason, residentBytes: last.residentBytes, tookMs: last.atMs - now }, "garbage collected");
  });
}
