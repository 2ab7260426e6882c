import { create, ScalarType, toBinary, type DescField, type DescMessage, type Message } from "@bufbuild/protobuf";
import { reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { Random } from "@hearth/simulation";
import { spoil } from "./spoil-bytes.ts";
import { bytesOf, doubleOf, longOf, signedOf, textOf, unsignedOf } from "./words.ts";

const depthMax = 6;

/** What a message says of itself whatever else is drawn: fields by their local name, in any message of that type. */
export type Fixed = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A message of the type in which anything may stand, drawn from its descriptor. */
export function randomMessage(random: Random, type: DescMessage, fixed: Fixed = {}, depth = 0): Message {
  const message = reflect(type, create(type), false);
  const present = random.pick([0.3, 0.7, 1]);
  for (const oneof of type.oneofs) {
    if (random.happens(present)) fill(random, message, random.pick(oneof.fields), fixed, depth);
  }
  for (const field of type.fields) {
    const inOneof = field.oneof !== undefined;
    if (!inOneof && random.happens(present)) fill(random, message, field, fixed, depth);
    const value = fixed[type.typeName]?.[field.localName];
    if (value !== undefined) message.set(field, value);
  }
  return message.message;
}

/** Its bytes: as they should be, or spoilt on the way. */
export function randomBytes(random: Random, type: DescMessage, fixed: Fixed = {}): Uint8Array {
  const bytes = toBinary(type, randomMessage(random, type, fixed));
  return random.happens(0.6) ? bytes : spoil(random, bytes);
}

function fill(random: Random, message: ReflectMessage, field: DescField, fixed: Fixed, depth: number): void {
  const value = (): unknown => {
    const { message: type, enum: names, scalar } = field;
    if (type !== undefined) return reflect(type, randomMessage(random, type, fixed, depth + 1), false);
    if (names !== undefined) return random.pick([0, 1, 2, 3, 4, 99, -1, 2 ** 31 - 1]);
    return scalarOf(random, scalar);
  };
  if (field.message !== undefined && depth >= depthMax) return;
  switch (field.fieldKind) {
    case "list": {
      const list = message.get(field);
      const items = random.happens(0.01) && depth < 2 ? 2_000 : random.between(0, 3);
      let last: unknown;
      // The same again and again is another way to be wrong.
      for (let item = 0; item < items; item++)
        list.add((last = random.happens(0.3) && last !== undefined ? last : value()));
      return;
    }
    case "map": {
      const map = message.get(field);
      for (let entry = random.between(0, 3); entry > 0; entry--) map.set(textOf(random), value());
      return;
    }
    case "message":
    case "enum":
    case "scalar":
      message.set(field, value());
  }
}

function scalarOf(random: Random, type: ScalarType): unknown {
  switch (type) {
    case ScalarType.STRING:
      return textOf(random);
    case ScalarType.BYTES:
      return bytesOf(random);
    case ScalarType.BOOL:
      return random.happens(0.5);
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return doubleOf(random);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return unsignedOf(random);
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return signedOf(random);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return BigInt.asUintN(64, longOf(random));
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return longOf(random);
  }
}
