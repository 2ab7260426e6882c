import { create } from "@bufbuild/protobuf";
import { HearthError } from "@hearth/errors";
import { inlineBytesMax } from "@hearth/payloads/bounds";
import { PayloadSchema, PayloadService, type Payload } from "@hearth/proto";
import { createClient, openChannel, type RpcClient } from "@hearth/rpc";
import { isAbsence } from "./absence.ts";

export type PayloadClient = Pick<RpcClient<typeof PayloadService>, "storePayload" | "readPayload">;

/** What a message carries for some encoded bytes: themselves, or where they are stored when there are too many. */
export async function toPayload(payloads: PayloadClient, bytes: Uint8Array): Promise<Payload> {
  if (bytes.length <= inlineBytesMax) return create(PayloadSchema, { inline: bytes });
  const { stored } = await payloads.storePayload({ data: bytes });
  if (stored === undefined) throw new Error("The payload was stored, and nothing said where.");
  return create(PayloadSchema, { stored });
}

/** The encoded bytes of what a message carries. */
export async function readPayload(payloads: PayloadClient, payload: Payload | undefined): Promise<Uint8Array> {
  if (payload?.stored === undefined) return payload?.inline ?? new Uint8Array();
  return (await payloads.readPayload({ sha256: payload.stored.sha256 })).data;
}

/**
 * Payloads through the first router that answers, over a connection of their own: they are rare, and would hold up what is
 * small. Throws ROUTER_UNREACHABLE when none does.
 */
export function payloadsOfRouters(routers: readonly string[], unreachableAfterMs: number): PayloadClient {
  const ask = async <T>(call: (client: PayloadClient) => Promise<T>): Promise<T> => {
    const giveUpAt = performance.now() + unreachableAfterMs;
    for (let turn = 0; ; turn += 1) {
      const channel = openChannel(routers[turn % routers.length] ?? "", { pings: true });
      try {
        return await call(createClient(PayloadService, channel));
      } catch (error) {
        if (!isAbsence(error)) throw error;
        if (performance.now() >= giveUpAt) throw new HearthError("ROUTER_UNREACHABLE", error.details);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      } finally {
        channel.close();
      }
    }
  };
  return {
    storePayload: (request) => ask((client) => client.storePayload(request)),
    readPayload: (request) => ask((client) => client.readPayload(request)),
  };
}

const pauseMs = 200;
