import { fromBinary, toBinary, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { codecs } from "../gen/hearth/v1/hot_codecs.js";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

/** How messages of one type are written and read. */
export interface Codec {
  write(writer: Writer, message: unknown): void;
  read(reader: Reader, end: number): unknown;
}

const writer = new Writer();

/** The bytes of a message in protobuf's wire format. */
export function encodeMessage<T extends DescMessage>(schema: T, message: MessageShape<T>): Uint8Array {
  const codec = codecs.get(schema.typeName);
  if (codec === undefined) return toBinary(schema, message);
  writer.begin();
  codec.write(writer, message);
  return writer.finish();
}

/** The same behind `room` bytes, for the prefix that a transport wants. They hold anything. */
export function encodeMessageBehind<T extends DescMessage>(room: number, schema: T, message: MessageShape<T>): Buffer {
  const codec = codecs.get(schema.typeName);
  if (codec === undefined) return Buffer.concat([Buffer.alloc(room), toBinary(schema, message)]);
  writer.begin();
  codec.write(writer, message);
  return writer.finishBehind(room);
}

/**
 * Puts a message into `target` from `at` on, as a field of the message that is written there, if there is room. Returns how many
 * bytes that takes.
 */
export function encodeFieldInto<T extends DescMessage>(
  target: Uint8Array,
  at: number,
  field: number,
  schema: T,
  message: MessageShape<T>,
): number {
  writer.begin();
  hotCodec(schema).write(writer, message);
  writer.part((field << 3) | 2, 0);
  if (at + writer.size <= target.length) writer.copyTo(target, at);
  return writer.size;
}

/** The message of a field that `encodeFieldInto` has put at the beginning of these bytes. Byte fields are views of them. */
export function decodeField<T extends DescMessage>(schema: T, bytes: Uint8Array): MessageShape<T> {
  const reader = new Reader(bytes);
  reader.uint32();
  return hotCodec(schema).read(reader, reader.end()) as MessageShape<T>;
}

function hotCodec({ typeName }: DescMessage): Codec {
  const codec = codecs.get(typeName);
  if (codec === undefined) throw new RangeError(`${typeName} does not travel for every execution.`);
  return codec;
}

/**
 * The message that these bytes are; throws when they are none. Byte fields are views of them. Of the messages that travel for
 * every execution, fields that this version does not know are dropped; others keep them, as protobuf-es does.
 */
export function decodeMessage<T extends DescMessage>(schema: T, bytes: Uint8Array): MessageShape<T> {
  const codec = codecs.get(schema.typeName);
  if (codec === undefined) return fromBinary(schema, bytes);
  return codec.read(new Reader(bytes), bytes.length) as MessageShape<T>;
}

const noBytes = new Uint8Array(0);

/** A message with nothing in it; of those that travel for every execution, at less cost than from its schema. */
export function emptyMessage<T extends DescMessage>(schema: T): MessageShape<T> {
  return decodeMessage(schema, noBytes);
}
