import { HearthError } from "@hearth/errors";
import { CommanderError } from "commander";
import { ClientError, Status } from "nice-grpc";
import { CliFailure } from "./cli-failure.ts";

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

function describeFailure(thrown: unknown): { readonly reason: string; readonly message: string } {
  if (thrown instanceof CliFailure || thrown instanceof HearthError) return thrown;
  if (thrown instanceof ClientError) return describeTransport(thrown);
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { reason: "INTERNAL", message: `A defect in the command line: ${error.stack ?? error.message}` };
}

function describeTransport(error: ClientError): { readonly reason: string; readonly message: string } {
  if (error.code !== Status.UNAVAILABLE) return { reason: Status[error.code], message: error.details };
  const message = `The control plane does not answer (${error.details}). Start it with "hearth dev", or correct HEARTH_CONTROL_PLANE or HEARTH_CONFIG.`;
  return { reason: "CONTROL_PLANE_UNREACHABLE", message };
}
