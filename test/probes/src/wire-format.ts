import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** The length-delimited values of a field of an encoded message. */
export function embedded(bytes: Uint8Array, field: number): readonly Uint8Array[] {
  const reader = new BinaryReader(bytes);
  const values: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (number === field && type === WireType.LengthDelimited) values.push(reader.bytes());
    else reader.skip(type, number);
  }
  return values;
}

/** The value of a numeric field of an encoded message; 0 when it is not there. */
export function numeric(bytes: Uint8Array, field: number): number {
  const reader = new BinaryReader(bytes);
  let value = 0;
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (number === field && type === WireType.Varint) value = reader.uint32();
    else reader.skip(type, number);
  }
  return value;
}

export function text(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}
