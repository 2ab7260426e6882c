import { HearthError } from "@hearth/errors";
import type { BundleService } from "@hearth/proto";
import type { Handlers } from "@hearth/rpc";
import { createHash } from "node:crypto";
import type { BundleStore } from "../io/bundle-store.ts";

const bundleBytesMax = 32 * 1024 * 1024;

export function bundleHandlers(store: BundleStore): Handlers<typeof BundleService> {
  return {
    async hasBundle({ sha256 }) {
      return { found: isSha256(sha256) && (await store.has(sha256)) };
    },
    async uploadBundle({ sha256, data }) {
      if (data.length > bundleBytesMax) {
        throw new HearthError(
          "BUNDLE_TOO_LARGE",
          `The bundle has ${data.length} bytes; at most ${bundleBytesMax} are taken. Leave out what is not code.`,
          { bundleBytes: String(data.length), bundleBytesMax: String(bundleBytesMax) },
        );
      }
      const actual = createHash("sha256").update(data).digest("hex");
      if (actual !== sha256) {
        throw new HearthError(
          "BUNDLE_HASH_MISMATCH",
          `The bundle's SHA-256 is ${actual}, but it was sent as "${sha256}". Send it again.`,
        );
      }
      if (!(await store.has(sha256))) await store.put(sha256, data);
      return {};
    },
  };
}

function isSha256(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
