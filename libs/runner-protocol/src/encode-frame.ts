import { frameBytesMax, kindNumbers, prefixBytes, type Frame } from "./frames.ts";

/** The bytes of a frame. Throws a RangeError over 65 MiB or with a header over 64 KiB. */
export function encodeFrame(frame: Frame): Buffer {
  const { body } = frame;
  const start = encodeStart(frame, body.length);
  if (body.length > 0) start.set(body, start.length - body.length);
  return start;
}

/** The same without the body, which is to follow it. */
export function encodeFrameStart(frame: Frame): Buffer {
  return encodeStart(frame, 0);
}

function encodeStart(frame: Frame, room: number): Buffer {
  const header = JSON.stringify(frame.header);
  const headerBytes = Buffer.byteLength(header);
  const length = prefixBytes - 4 + headerBytes + frame.body.length;
  if (length > frameBytesMax) throw new RangeError(`A frame of ${length} bytes is over the bound of ${frameBytesMax}.`);
  if (headerBytes > 0xffff) throw new RangeError(`A frame header of ${headerBytes} bytes is over the bound of 65535.`);
  const bytes = Buffer.allocUnsafe(prefixBytes + headerBytes + room);
  bytes.writeUInt32BE(length, 0);
  bytes.writeUInt8(kindNumbers[frame.kind], 4);
  bytes.writeUInt16BE(headerBytes, 5);
  bytes.write(header, prefixBytes, headerBytes, "utf8");
  return bytes;
}
