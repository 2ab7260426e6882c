import { toJson, type DescMessage, type MessageShape } from "@bufbuild/protobuf";

type Json = ReturnType<typeof toJson>;

/**
 * A message as a script wants it: protobuf's JSON mapping with every field there, and with each payload replaced by the
 * JSON in it (docs/payloads.md).
 */
export function toDocument<T extends DescMessage>(schema: T, message: MessageShape<T>): object {
  return openPayloads(toJson(schema, message, { alwaysEmitImplicit: true })) as object;
}

/** Prints one document on a line of its own. */
export function printDocument(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document)}\n`);
}

function openPayloads(value: Json): unknown {
  if (Array.isArray(value)) return value.map(openPayloads);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      key,
      isPayload(key, field) ? openPayload(field) : openPayloads(field),
    ]),
  );
}

interface JsonPayload {
  readonly inline: string;
  readonly stored?: Json;
}

/** The only messages with a field `inline` are payloads, and they only stand in these two fields. */
function isPayload(key: string, field: Json): field is Json & JsonPayload {
  return (key === "result" || key === "arguments") && typeof field === "object" && field !== null && "inline" in field;
}

/** A stored one stays what it is: its place. */
function openPayload(payload: JsonPayload): unknown {
  if (payload.stored !== undefined) return { stored: payload.stored };
  return JSON.parse(Buffer.from(payload.inline, "base64").toString("utf8"));
}
