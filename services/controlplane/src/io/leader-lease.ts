import { buckets, type Bus } from "@hearth/bus";
import { Kvm, type KV } from "@nats-io/kv";
import type { Lease } from "../core/leadership.ts";

/** What is kept of the holder. */
type Holder = Pick<Lease, "holderId" | "holderPlace">;

const key = "controlplane";
/** JetStream's code for "wrong last sequence": somebody else has written. */
const wrongLastSequence = 10071;

/** The lease of the one control plane that acts. */
export class LeaderLease {
  readonly #bucket: KV;

  private constructor(bucket: KV) {
    this.#bucket = bucket;
  }

  static async open(bus: Bus): Promise<LeaderLease> {
    return new LeaderLease(await new Kvm(bus.connection).create(buckets.leader));
  }

  async read(): Promise<Lease | undefined> {
    const entry = await this.#bucket.get(key);
    if (entry?.operation !== "PUT") return undefined;
    return { ...entry.json<Holder>(), revision: entry.revision };
  }

  /** Writes the lease if it still is at `revision` (0: there is none). Returns its new revision, or undefined if it was not. */
  async write(holder: Holder, revision: number): Promise<number | undefined> {
    try {
      return await this.#bucket.put(key, JSON.stringify(holder), { previousSeq: revision });
    } catch (error) {
      if ((error as { readonly code?: unknown }).code === wrongLastSequence) return undefined;
      throw error;
    }
  }
}
