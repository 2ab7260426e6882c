import type { Bus } from "./connect-bus.ts";
import { requestTimeoutMs } from "./insist.ts";

/** A message that a JetStream stream holds. */
export interface StoredMessage {
  readonly sequence: number;
  readonly data: Uint8Array;
}

/** Which one: the last one of a subject, or the first one of it from a sequence on. */
export type WhichMessage = { readonly last_by_subj: string } | { readonly next_by_subj: string; readonly seq: number };

/** The server's codes for "no message found" and "stream not found". */
const nothingThere: ReadonlySet<number> = new Set([10_037, 10_059]);

/**
 * Reads a message that a stream holds; undefined when there is none. It asks the server itself: NATS's clients of streams, keys
 * and objects take more memory than a process may have that reads so little.
 */
export async function readStored(bus: Bus, stream: string, which: WhichMessage): Promise<StoredMessage | undefined> {
  const question = JSON.stringify(which);
  const options = { timeout: requestTimeoutMs };
  const answer = await bus.connection.request(`$JS.API.STREAM.MSG.GET.${stream}`, question, options);
  const { message, error } = answer.json<{
    readonly message?: { readonly seq: number; readonly data?: string };
    readonly error?: { readonly err_code: number; readonly description: string };
  }>();
  if (error !== undefined && nothingThere.has(error.err_code)) return undefined;
  if (message === undefined)
    throw new Error(`JetStream refused to read ${stream}: ${error?.description ?? "no answer"}`);
  return { sequence: message.seq, data: Buffer.from(message.data ?? "", "base64") };
}
