import type { CompiledQuery } from "kysely";

/**
 * Lists go to the database in pieces of these lengths, so that there is one text of a statement for each, which is put together,
 * and by SQLite prepared, once. PostgreSQL takes 65,535 parameters, SQLite 32,766.
 */
const lengths = [256, 64, 16, 4, 1];

/** The list in pieces. */
export function pieces<T>(items: readonly T[]): readonly (readonly T[])[] {
  const made: (readonly T[])[] = [];
  for (let from = 0; from < items.length; from += made.at(-1)?.length ?? 0) {
    const length = lengths.find((each) => each <= items.length - from);
    made.push(items.slice(from, from + (length ?? 1)));
  }
  return made;
}

/** The statement for a piece, compiled once for its length. Its parameters are what `parametersOf` says, in the statement's order. */
export function byLength<T, Row>(
  compile: (piece: readonly T[]) => CompiledQuery<Row>,
  parametersOf: (piece: readonly T[]) => readonly unknown[],
): (piece: readonly T[]) => CompiledQuery<Row> {
  const compiled = new Map<number, CompiledQuery<Row>>();
  return (piece) => {
    const query = compiled.get(piece.length) ?? compile(piece);
    compiled.set(piece.length, query);
    return { ...query, parameters: parametersOf(piece) };
  };
}
