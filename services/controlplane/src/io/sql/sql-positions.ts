import { unread, type StreamPosition, type PositionMove } from "../../core/stream-position.ts";
import { PositionMoved } from "../history-store.ts";
import type { Database } from "./open-database.ts";

export async function positionIn(database: Database, stream: string): Promise<StreamPosition> {
  const row = await database
    .selectFrom("stream_positions")
    .select(["sequence", "stored_ms"])
    .where("stream", "=", stream)
    .executeTakeFirst();
  return row === undefined ? unread : { sequence: row.sequence, storedMs: row.stored_ms };
}

/**
 * Moves a position; throws `PositionMoved` when it is not where the move begins. It comes first in its transaction: of two
 * moves from one position, the second waits here for the commit of the first, and then finds it moved.
 */
export async function movePosition(transaction: Database, { stream, from, to }: PositionMove): Promise<void> {
  const place = { sequence: to.sequence, stored_ms: to.storedMs };
  const result =
    from.sequence === 0
      ? await transaction
          .insertInto("stream_positions")
          .values({ stream, ...place })
          .onConflict((conflict) => conflict.column("stream").doNothing())
          .executeTakeFirst()
      : await transaction
          .updateTable("stream_positions")
          .set(place)
          .where("stream", "=", stream)
          .where("sequence", "=", from.sequence)
          .where("stored_ms", "=", from.storedMs)
          .executeTakeFirst();
  const rows = "numUpdatedRows" in result ? result.numUpdatedRows : result.numInsertedOrUpdatedRows;
  if (rows !== 1n) throw new PositionMoved(stream);
}

export async function rewind(database: Database, stream: string): Promise<void> {
  await database.deleteFrom("stream_positions").where("stream", "=", stream).execute();
}
