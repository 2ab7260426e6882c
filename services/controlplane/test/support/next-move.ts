import type { PositionMove } from "../../src/core/stream-position.ts";
import type { HistoryStore } from "../../src/io/history-store.ts";

/** From where a stream was read up to, by one record. */
export async function nextMove(store: Pick<HistoryStore, "positionIn">, stream = "any"): Promise<PositionMove> {
  const from = await store.positionIn(stream);
  return { stream, from, to: { sequence: from.sequence + 1, storedMs: from.storedMs + 1 } };
}
