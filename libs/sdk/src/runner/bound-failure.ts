import type { WireFailure } from "@hearth/runner-protocol";

// Together with the rest they stay below the 65,535 bytes a frame's header may have.
const messageBytesMax = 8 * 1024;
const exceptionTypeBytesMax = 1024;
const tracebackBytesMax = 48 * 1024;

/** The failure with texts that fit into a frame's header, counted as they are written there; longer ones lose their middle. */
export function boundFailure(failure: WireFailure): WireFailure {
  const { reason, message, exceptionType, traceback } = failure;
  return {
    reason,
    message: cut(message, messageBytesMax),
    ...(exceptionType !== undefined && { exceptionType: cut(exceptionType, exceptionTypeBytesMax) }),
    ...(traceback !== undefined && { traceback: cut(traceback, tracebackBytesMax) }),
  };
}

function cut(text: string, bytesMax: number): string {
  if (writtenBytes(text) <= bytesMax) return text;
  // How many bytes a character takes is only known once it is written.
  for (let half = Math.min(text.length, bytesMax) >> 1; ; half = Math.floor(half * 0.9)) {
    const mark = `\n... ${text.length - 2 * half} characters left out ...\n`;
    const shorter = text.slice(0, half) + mark + text.slice(text.length - half);
    if (writtenBytes(shorter) <= bytesMax) return shorter;
  }
}

/** In JSON a line break takes two bytes, and a control character or half of a pair six. */
function writtenBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}
