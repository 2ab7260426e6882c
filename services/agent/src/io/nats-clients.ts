/**
 * Clients that are loaded only when something is asked of them. A module of our own, because a CommonJS package that is
 * imported on demand keeps its names in a bundle only when a module names them.
 */
export { Kvm } from "@nats-io/kv";
export { natsPayloadStore } from "@hearth/payloads";
export { Objm } from "@nats-io/obj";
