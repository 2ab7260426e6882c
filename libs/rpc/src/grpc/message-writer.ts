import type { Http2Stream } from "node:http2";
import { messageBytesMax, prefixBytes, tooLarge } from "./message-reader.ts";

/**
 * Sends a message that stands behind `prefixBytes` free ones. Resolves once the stream takes another, or none any more;
 * undefined: at once, which most are. Throws a `ServerError` when it is too large.
 */
export function sendMessage(stream: Http2Stream, message: Buffer): Promise<void> | undefined {
  const length = message.length - prefixBytes;
  if (length > messageBytesMax) throw tooLarge();
  message[0] = 0;
  message.writeUInt32BE(length, 1);
  if (stream.write(message) || stream.destroyed) return undefined;
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done).off("close", done);
      resolve();
    };
    stream.on("drain", done).on("close", done);
  });
}
