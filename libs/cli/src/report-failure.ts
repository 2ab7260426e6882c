import { CommanderError } from "commander";
import { Status } from "nice-grpc";

/** Exit codes: what was asked was done; was not done; was not understood. */
export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;

/** Says on stderr why a command failed, as text or as one JSON document, and answers with the exit code. */
export function reportFailure(thrown: unknown, json: boolean): number {
  if (thrown instanceof CommanderError) return reportUsage(thrown, json);
  const { reason, message } = describeFailure(thrown);
  process.stderr.write(json ? `${JSON.stringify({ error: { reason, message } })}\n` : `${reason}: ${message}\n`);
  return reason === "USAGE" ? exitCodes.usage : exitCodes.failed;
}

/** Commander has printed its text by itself; help and version are no failures. */
function reportUsage(error: CommanderError, json: boolean): number {
  if (error.exitCode === 0) return exitCodes.ok;
  const message = error.message.replace(/^error: /, "");
  if (json) process.stderr.write(`${JSON.stringify({ error: { reason: "USAGE", message } })}\n`);
  return exitCodes.usage;
}

interface Description {
  readonly reason: string;
  readonly message: string;
}

/** By name, not by class: a program brings its own copy of the SDK, and with it classes of its own. */
function describeFailure(thrown: unknown): Description {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { reason, code, details } = error as { reason?: unknown; code?: unknown; details?: unknown };
  if (error.name === "CliFailure" || error.name === "HearthError")
    return { reason: String(reason), message: error.message };
  if (error.name === "ClientError") return describeTransport(code as Status, String(details));
  return { reason: "INTERNAL", message: `A defect in the command line: ${error.stack ?? error.message}` };
}

function describeTransport(code: Status, details: string): Description {
  if (code !== Status.UNAVAILABLE) return { reason: Status[code], message: details };
  const message = `The control plane does not answer (${details}). Start it with "hearth dev", or correct HEARTH_CONTROL_PLANE or HEARTH_CONFIG.`;
  return { reason: "CONTROL_PLANE_UNREACHABLE", message };
}
