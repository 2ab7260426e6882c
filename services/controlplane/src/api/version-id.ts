import { createHash } from "node:crypto";
import { canonicalSpec } from "../core/canonical-spec.ts";
import type { EnvironmentSpec } from "../core/environment.ts";

/** The first 16 hex digits of the SHA-256 of the spec's canonical text. */
export function versionId(spec: EnvironmentSpec): string {
  return createHash("sha256").update(canonicalSpec(spec)).digest("hex").slice(0, 16);
}
