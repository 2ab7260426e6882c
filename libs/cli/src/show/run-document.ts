import { RunSchema, type Run } from "@hearth/proto";
import type { ControlPlane } from "../control-plane.ts";
import { toDocument } from "./document.ts";

/** A run as a script wants it, with its result in it wherever that is kept. */
export async function runDocument({ payloads }: ControlPlane, run: Run): Promise<object> {
  const document = toDocument(RunSchema, run);
  if (run.result?.stored === undefined) return document;
  const { data } = await payloads.readPayload({ sha256: run.result.stored.sha256 });
  return { ...document, result: JSON.parse(Buffer.from(data).toString("utf8")) as unknown };
}
