/**
 * A plugin of buf: writes how the messages of the hot path are encoded and decoded, a statement for each field, in place of
 * protobuf-es's interpretation of descriptors, which takes five times as long. What it makes and reads are protobuf-es's own
 * messages. Fields that no hot message has (maps, 64-bit numbers) it leaves to protobuf-es.
 */
import { ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { createEcmaScriptPlugin, runNodeJs, type GeneratedFile, type Schema } from "@bufbuild/protoplugin";

/** Messages that travel for every execution. What they hold is hot as well. */
const roots = new Set([
  "hearth.v1.ExecuteStreamRequest",
  "hearth.v1.ExecuteStreamResponse",
  "hearth.v1.AttachRequest",
  "hearth.v1.AttachResponse",
  "hearth.v1.JournalBatch",
]);

const methods: Partial<Record<ScalarType, string>> = {
  [ScalarType.STRING]: "string",
  [ScalarType.BYTES]: "bytes",
  [ScalarType.DOUBLE]: "double",
  [ScalarType.UINT32]: "uint32",
  [ScalarType.INT32]: "int32",
  [ScalarType.BOOL]: "bool",
};

/** What is written, below the folder of the generated code. */
const file = "hearth/v1/hot_codecs";

runNodeJs(
  createEcmaScriptPlugin({
    name: "protoc-gen-codec",
    version: "v1",
    generateJs: writeCodecs,
    generateTs: () => undefined,
    generateDts: writeDeclarations,
  }),
);

function writeDeclarations(schema: Schema): void {
  const f = schema.generateFile(`${file}.d.ts`);
  f.print("// Written by libs/proto/src/plugin/protoc-gen-codec.ts. Do not edit.");
  f.print('import type { Codec } from "../../../wire/codec.ts";');
  f.print("/** By the name of the message's type. */");
  f.print("export declare const codecs: ReadonlyMap<string, Codec>;");
}

function writeCodecs(schema: Schema): void {
  const f = schema.generateFile(`${file}.js`);
  const hot = collect(schema);
  f.print("// Written by libs/proto/src/plugin/protoc-gen-codec.ts. Do not edit.");
  f.print();
  f.print("const noBytes = new Uint8Array(0);");
  for (const message of hot) {
    f.print();
    writeClass(f, message);
    f.print();
    writeWrite(f, message, hot);
    f.print();
    writeRead(f, message, hot);
  }
  f.print();
  f.print("export const codecs = new Map([");
  for (const message of hot) {
    f.print(`  ["${message.typeName}", { write: write${message.name}, read: read${message.name} }],`);
  }
  f.print("]);");
}

/** The roots and what they hold, as far as all of its fields can be written here. */
function collect(schema: Schema): ReadonlySet<DescMessage> {
  const all = schema.allFiles.flatMap(({ messages }) => messages);
  const hot = new Set(all.filter(({ typeName }) => roots.has(typeName)));
  // Grows while it is read.
  for (const message of hot) {
    for (const { message: held } of message.fields) {
      if (held?.fields.every(isKnown) === true) hot.add(held);
    }
  }
  return hot;
}

function isKnown(field: DescField): boolean {
  if (field.fieldKind === "map") return false;
  if (field.fieldKind === "list" && wireType(field) !== 2) return isPacked(field);
  return field.scalar === undefined || field.scalar in methods;
}

/**
 * What a message that is read begins as. Of a class, and no literal: when many of those survive, as they do while work piles up, V8
 * makes all of that literal where garbage is seldom collected, for good, and each keeps alive there what it holds.
 */
function writeClass(f: GeneratedFile, message: DescMessage): void {
  f.print(`class ${message.name} {`);
  f.print("  constructor() {");
  f.print(`    this.$typeName = "${message.typeName}";`);
  for (const member of message.members) {
    const zero = member.kind === "oneof" ? "{ case: undefined }" : zeroOf(member);
    f.print(`    this.${member.localName} = ${zero};`);
  }
  f.print("  }");
  f.print("}");
}

/** Of the numbers that can be repeated, those that a hot message has. They travel packed. */
function isPacked(field: DescField): boolean {
  return field.fieldKind === "list" && field.scalar === ScalarType.UINT32;
}

/** Last to first: the writer goes from the end to the beginning. */
function writeWrite(f: GeneratedFile, message: DescMessage, hot: ReadonlySet<DescMessage>): void {
  f.print(`function write${message.name}(w, m) {`);
  for (const field of message.fields.toReversed()) {
    const name = field.localName;
    if (field.oneof !== undefined) {
      const group = field.oneof.localName;
      f.print(`  if (m.${group}.case === "${field.localName}") {`);
      writeField(f, "    ", field, `m.${group}.value`, hot);
      f.print("  }");
    } else if (isPacked(field)) {
      f.print(`  if (m.${name}.length > 0) {`);
      f.print(`    w.uint32List(${packedTagOf(field)}, m.${name});`);
      f.print("  }");
    } else if (field.fieldKind === "list") {
      f.print(`  for (let i = m.${name}.length - 1; i >= 0; i--) {`);
      writeField(f, "    ", field, `m.${name}[i]`, hot);
      f.print("  }");
    } else {
      f.print(`  if (${isSet(field, `m.${name}`)}) {`);
      writeField(f, "    ", field, `m.${name}`, hot);
      f.print("  }");
    }
  }
  f.print("}");
}

function isSet(field: DescField, value: string): string {
  // An optional field, and a message, is absent or there; others are there unless they are zero.
  if (field.fieldKind === "message" || field.proto.proto3Optional) return `${value} !== undefined`;
  switch (field.scalar) {
    case ScalarType.STRING:
      return `${value} !== ""`;
    case ScalarType.BYTES:
      return `${value}.length > 0`;
    case ScalarType.BOOL:
      return value;
    default:
      // Not so of -0, which is written.
      return field.scalar === ScalarType.DOUBLE ? `!Object.is(${value}, 0)` : `${value} !== 0`;
  }
}

function writeField(
  f: GeneratedFile,
  indent: string,
  field: DescField,
  value: string,
  hot: ReadonlySet<DescMessage>,
): void {
  const { message } = field;
  const tag = tagOf(field);
  if (message === undefined) f.print(`${indent}w.${methodOf(field)}(${tag}, ${value});`);
  else if (hot.has(message)) {
    f.print(`${indent}const before = w.size;`);
    f.print(`${indent}write${message.name}(w, ${value});`);
    f.print(`${indent}w.part(${tag}, before);`);
  } else f.print(`${indent}w.bytes(${tag}, `, f.runtime.toBinary, "(", f.importSchema(message), `, ${value}));`);
}

/** A message that is read twice is merged, as the format wants it: `m` is what was read before. */
function writeRead(f: GeneratedFile, message: DescMessage, hot: ReadonlySet<DescMessage>): void {
  f.print(`function read${message.name}(r, end, m = new ${message.name}()) {`);
  f.print("  while (r.at < end) {");
  f.print("    const tag = r.uint32();");
  f.print("    switch (tag) {");
  for (const field of message.fields) {
    if (isPacked(field)) {
      f.print(`      case ${packedTagOf(field)}:`);
      f.print(`        r.uint32List(m.${field.localName});`);
      f.print("        break;");
    }
    f.print(`      case ${tagOf(field)}:`);
    readField(f, field, hot);
    f.print("        break;");
  }
  f.print("      default:");
  f.print("        r.skip(tag);");
  f.print("    }");
  f.print("  }");
  f.print("  r.insistOn(end);");
  f.print("  return m;");
  f.print("}");
}

function readField(f: GeneratedFile, field: DescField, hot: ReadonlySet<DescMessage>): void {
  const name = `m.${field.localName}`;
  if (field.oneof !== undefined) {
    const group = `m.${field.oneof.localName}`;
    const before = `${group}.case === "${field.localName}" ? ${group}.value : undefined`;
    f.print(`        ${group} = { case: "${field.localName}", value: `, read(f, field, before, hot), " };");
  } else if (field.fieldKind === "list") f.print(`        ${name}.push(`, read(f, field, "undefined", hot), ");");
  else f.print(`        ${name} = `, read(f, field, name, hot), ";");
}

type Text = ReturnType<GeneratedFile["array"]>;

function read(f: GeneratedFile, field: DescField, before: string, hot: ReadonlySet<DescMessage>): Text {
  const { message } = field;
  if (message === undefined) return `r.${methodOf(field)}()`;
  if (hot.has(message)) return `read${message.name}(r, r.end(), ${before})`;
  return [f.runtime.fromBinary, "(", f.importSchema(message), ", r.bytes())"];
}

function zeroOf(field: DescField): string {
  if (field.fieldKind === "list") return "[]";
  if (field.fieldKind === "message" || field.proto.proto3Optional) return "undefined";
  switch (field.scalar) {
    case ScalarType.STRING:
      return '""';
    case ScalarType.BYTES:
      return "noBytes";
    case ScalarType.BOOL:
      return "false";
    default:
      return "0";
  }
}

function methodOf(field: DescField): string {
  return (field.scalar === undefined ? "int32" : methods[field.scalar]) ?? "";
}

/** Field number and wire type. */
function tagOf(field: DescField): number {
  return (field.number << 3) | wireType(field);
}

function packedTagOf(field: DescField): number {
  return (field.number << 3) | 2;
}

function wireType({ message, scalar }: DescField): 0 | 1 | 2 {
  if (message !== undefined || scalar === ScalarType.STRING || scalar === ScalarType.BYTES) return 2;
  return scalar === ScalarType.DOUBLE ? 1 : 0;
}
