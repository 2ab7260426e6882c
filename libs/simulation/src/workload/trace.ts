import { closeSync, openSync, readSync } from "node:fs";
import type { Arrival, Workload } from "./arrival.ts";

/** A trace cannot be read, and in which line. */
export class TraceError extends Error {
  override readonly name = "TraceError";
}

/** Traces of up to so many rows are sorted; longer ones must be. */
export const sortedUpTo = 100_000;

/**
 * A recorded workload: CSV (RFC 4180, no line breaks in fields) with a header that names `arrival_ms` and `duration_ms`, and
 * perhaps `run`, `affinity_key` and `priority`, in any order. Times are milliseconds from any moment: the earliest arrival is
 * at 0. The file is read as it is walked through, a piece at a time. Throws a `TraceError` with the line where it cannot be
 * read.
 */
export function readTrace(path: string): Workload {
  return { [Symbol.iterator]: () => arrivalsOf(linesOf(path)) };
}

/** The arrivals of a trace's lines, the first of which is the header. */
export function* arrivalsOf(lines: Iterable<string>): Generator<Arrival> {
  const rows = rowsOf(lines);
  const first: Row[] = [];
  for (const row of take(rows, sortedUpTo + 1)) first.push(row);
  if (first.length <= sortedUpTo) first.sort((a, b) => a.arrival.atMs - b.arrival.atMs);
  const startMs = first[0]?.arrival.atMs ?? 0;
  let lastMs = startMs;
  for (const { arrival, line } of chain(first, rows)) {
    if (arrival.atMs < lastMs) {
      const bound = sortedUpTo.toLocaleString("en");
      throw new TraceError(
        `Line ${line}: arrival_ms is ${arrival.atMs}, earlier than ${lastMs} before it. A trace of more than ${bound} rows must be sorted by arrival_ms.`,
      );
    }
    lastMs = arrival.atMs;
    yield { ...arrival, atMs: arrival.atMs - startMs };
  }
}

interface Row {
  readonly line: number;
  readonly arrival: Arrival;
}

const required = ["arrival_ms", "duration_ms"] as const;
const optional = ["run", "affinity_key", "priority"] as const;
type Column = (typeof required)[number] | (typeof optional)[number];
const known: readonly string[] = [...required, ...optional];

function* rowsOf(lines: Iterable<string>): Generator<Row> {
  let columns: readonly Column[] | undefined;
  let line = 0;
  for (const text of lines) {
    line += 1;
    if (columns === undefined) {
      columns = columnsOf(fieldsOf(text, line));
      continue;
    }
    if (text === "") continue;
    yield { line, arrival: arrivalOf(fieldsOf(text, line), columns, line) };
  }
  if (columns === undefined)
    throw new TraceError(`Line 1: there is no header; it must name ${required.join(" and ")}.`);
}

function columnsOf(names: readonly string[]): readonly Column[] {
  const columns = names.map((name) => name.trim());
  const unknown = columns.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new TraceError(`Line 1: the column "${unknown}" is unknown; there are ${known.join(", ")}.`);
  }
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined) throw new TraceError(`Line 1: the column "${twice}" is there twice.`);
  const missing = required.find((name) => !columns.includes(name));
  if (missing !== undefined) throw new TraceError(`Line 1: the column "${missing}" is missing.`);
  return columns as readonly Column[];
}

function arrivalOf(fields: readonly string[], columns: readonly Column[], line: number): Arrival {
  if (fields.length !== columns.length) {
    throw new TraceError(`Line ${line}: it has ${fields.length} fields, the header ${columns.length}.`);
  }
  const read = { atMs: NaN, durationMs: NaN, priority: 0 };
  let run: string | undefined;
  let affinityKey: string | undefined;
  for (let index = 0; index < columns.length; index += 1) {
    const field = fields[index] ?? "";
    switch (columns[index]) {
      case "arrival_ms":
        read.atMs = numberOf(field, "arrival_ms", line);
        break;
      case "duration_ms":
        read.durationMs = numberOf(field, "duration_ms", line);
        if (read.durationMs < 0) throw new TraceError(`Line ${line}: duration_ms is "${field}", below 0.`);
        break;
      case "priority":
        read.priority = field === "" ? 0 : priorityOf(field, line);
        break;
      case "run":
        run = field === "" ? undefined : field;
        break;
      case "affinity_key":
        affinityKey = field === "" ? undefined : field;
        break;
      case undefined:
    }
  }
  return { ...read, run, affinityKey };
}

function numberOf(field: string, column: Column, line: number): number {
  const value = Number(field);
  if (field.trim() !== "" && Number.isFinite(value)) return value;
  throw new TraceError(`Line ${line}: ${column} is "${field}", which is no number.`);
}

function priorityOf(field: string, line: number): number {
  const value = numberOf(field, "priority", line);
  if (Number.isInteger(value) && Math.abs(value) <= priorityMax) return value;
  throw new TraceError(
    `Line ${line}: priority is "${field}"; give a whole number from -${priorityMax} to ${priorityMax}.`,
  );
}

function fieldsOf(text: string, line: number): string[] {
  if (!text.includes('"')) return text.split(",");
  const fields: string[] = [];
  let rest = `${text},`;
  while (rest !== "") {
    const [whole, quoted, plain] = /^(?:"((?:[^"]|"")*)"|([^",]*)),/.exec(rest) ?? [];
    if (whole === undefined) throw new TraceError(`Line ${line}: a quotation mark is out of place.`);
    fields.push(quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'));
    rest = rest.slice(whole.length);
  }
  return fields;
}

/** As execution.proto bounds it. */
const priorityMax = 10;
const pieceBytes = 1 << 16;
/** A line longer than this is no line of a trace. */
const lineCharactersMax = 10_000;

/** The lines of a file without their ends. */
function* linesOf(path: string): Generator<string> {
  const file = openSync(path, "r");
  try {
    const piece = Buffer.alloc(pieceBytes);
    const decoder = new TextDecoder("utf-8");
    let rest = "";
    let count = 0;
    for (let bytes = readSync(file, piece); bytes > 0; bytes = readSync(file, piece)) {
      const lines = (rest + decoder.decode(piece.subarray(0, bytes), { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      count += lines.length;
      if (rest.length > lineCharactersMax) {
        throw new TraceError(`Line ${count + 1}: it is longer than ${lineCharactersMax} characters.`);
      }
      for (const text of lines) yield text.endsWith("\r") ? text.slice(0, -1) : text;
    }
    if (rest !== "") yield rest.endsWith("\r") ? rest.slice(0, -1) : rest;
  } finally {
    closeSync(file);
  }
}

/** The first of them, without closing what they come from. */
function* take<T>(from: Iterator<T>, count: number): Generator<T> {
  for (let index = 0; index < count; index += 1) {
    const next = from.next();
    if (next.done === true) return;
    yield next.value;
  }
}

function* chain<T>(...parts: readonly Iterable<T>[]): Generator<T> {
  for (const part of parts) yield* part;
}
