import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import type { WireFailure } from "@hearth/runner-protocol";

/** What user code threw, as a failure; its traceback has only the user's frames. */
export function describeFailure(reason: string, thrown: unknown, bundle: string): WireFailure {
  try {
    return describe(reason, thrown, bundle);
  } catch {
    // User code decides what its errors answer when asked: a message that throws must not leave the attempt without an end.
    return { reason, message: "The task threw a value that cannot be described." };
  }
}

function describe(reason: string, thrown: unknown, bundle: string): WireFailure {
  if (!(thrown instanceof Error)) {
    return { reason, message: typeof thrown === "string" ? thrown : inspect(thrown), exceptionType: typeof thrown };
  }
  // User code can set it to anything.
  const { message }: { readonly message: unknown } = thrown;
  return { reason, message: String(message), exceptionType: nameOf(thrown), traceback: traceback(thrown, bundle, 0) };
}

function nameOf(error: Error): string {
  const { name }: { readonly name: unknown } = error;
  return name === "Error" ? error.constructor.name : String(name);
}

/** A cause deeper than this says nothing new; it may also be a circle. */
const causesMax = 10;

function traceback(error: Error, bundle: string, depth: number): string {
  const stack = String(error.stack ?? error)
    .split("\n")
    .filter(isUsers);
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
