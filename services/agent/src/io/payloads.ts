import type { Bus } from "@hearth/bus";
import type { PayloadStore } from "@hearth/payloads";

/** A request to NATS is made for about as long as its server may take to restart. */
const triesMax = 20;

/** Payloads in the object store, whose client is loaded when the first one comes by. */
export function payloadsOnDemand(bus: Promise<Bus>): Pick<PayloadStore, "put" | "get"> {
  let opened: Promise<PayloadStore> | undefined;
  const open = (): Promise<PayloadStore> =>
    (opened ??= Promise.all([bus, import("@hearth/payloads")]).then(([connected, { natsPayloadStore }]) =>
      natsPayloadStore(connected, triesMax),
    ));
  return {
    put: async (bytes) => (await open()).put(bytes),
    get: async (sha256) => (await open()).get(sha256),
  };
}
