import { frameBytesMax, kindNumbers, prefixBytes, type Frame } from "./frames.ts";

/** The bytes of a frame. Throws a RangeError over 65 MiB or with a header over 64 KiB. */
export function encodeFrame(frame: Frame): Buffer {
  const header = Buffer.from(JSON.stringify(frame.header));
  const length = prefixBytes - 4 + header.length + frame.body.length;
  if (length > frameBytesMax) throw new RangeError(`A frame of ${length} bytes is over the bound of ${frameBytesMax}.`);
  if (header.length > 0xffff)
    throw new RangeError(`A frame header of ${header.length} bytes is over the bound of 65535.`);
  const bytes = Buffer.allocUnsafe(4 + length);
  bytes.writeUInt32BE(length, 0);
  bytes.writeUInt8(kindNumbers[frame.kind], 4);
  bytes.writeUInt16BE(header.length, 5);
  header.copy(bytes, prefixBytes);
  bytes.set(frame.body, prefixBytes + header.length);
  return bytes;
}
