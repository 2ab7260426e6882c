import { HearthError } from "@hearth/errors";
import type { PayloadService } from "@hearth/proto";
import type { Handlers } from "@hearth/rpc";
import type { PayloadStore } from "./payload-store.ts";

export function payloadHandlers(store: PayloadStore): Handlers<typeof PayloadService> {
  return {
    async storePayload({ data }) {
      return { stored: await store.put(data) };
    },
    async readPayload({ sha256 }) {
      if (!isSha256(sha256)) {
        throw new HearthError("PAYLOAD_NOT_FOUND", "A payload is named by 64 hexadecimal digits in lower case.");
      }
      return { data: await store.get(sha256) };
    },
  };
}

/** Whether a text can be the name of a payload. */
export function isSha256(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
