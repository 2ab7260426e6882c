import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import type { WireFailure } from "@hearth/runner-protocol";

const tracebackCharactersMax = 48 * 1024;
const messageCharactersMax = 7 * 1024;

/** What user code threw, as a failure; its traceback has only the user's frames. */
export function describeFailure(reason: string, thrown: unknown, bundle: string): WireFailure {
  if (!(thrown instanceof Error)) {
    const message = typeof thrown === "string" ? thrown : inspect(thrown);
    return { reason, message: cut(message, messageCharactersMax), exceptionType: typeof thrown };
  }
  return {
    reason,
    message: cut(thrown.message, messageCharactersMax),
    exceptionType: nameOf(thrown),
    traceback: cut(traceback(thrown, bundle, 0), tracebackCharactersMax),
  };
}

function nameOf(error: Error): string {
  return error.name === "Error" ? error.constructor.name : error.name;
}

/** A cause deeper than this says nothing new; it may also be a circle. */
const causesMax = 10;

function traceback(error: Error, bundle: string, depth: number): string {
  const stack = (error.stack ?? String(error)).split("\n").filter(isUsers);
  const own = stack.map((line) => shorten(line, bundle)).join("\n");
  if (!(error.cause instanceof Error) || depth === causesMax) return own;
  return `${own}\nCaused by: ${traceback(error.cause, bundle, depth + 1)}`;
}

const runnerFolder = dirname(import.meta.dirname);
const runnerFile = import.meta.filename;

function isUsers(line: string): boolean {
  if (!/^\s+at /.test(line)) return true;
  return !/\bnode:|\bhearth:|\(native\)/.test(line) && !line.includes(runnerFile) && !isRunnerSource(line);
}

/** Unbundled, the runner's files are those beside this one. */
function isRunnerSource(line: string): boolean {
  return import.meta.filename.endsWith(".ts") && line.includes(`${runnerFolder}/`);
}

/** Paths relative to the bundle are those of the user's project. */
function shorten(line: string, bundle: string): string {
  const folder = `${dirname(bundle)}/`;
  return line.replaceAll(`${pathToFileURL(dirname(bundle)).href}/`, "").replaceAll(folder, "");
}

function cut(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const half = Math.floor(charactersMax / 2);
  return `${text.slice(0, half)}\n... ${text.length - charactersMax} characters left out ...\n${text.slice(-half)}`;
}
