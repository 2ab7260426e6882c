import { createHash } from "node:crypto";
import { buckets, type Bus } from "@hearth/bus";
import { Kvm, type KV } from "@nats-io/kv";

/** What a key stands for. */
export interface KeyedExecution {
  readonly executionId: string;
  /** Of the request it was first used with. */
  readonly fingerprint: string;
}

/** Routers forget a key with its execution; what they did not live to forget goes after this long. */
const keptMs = 7 * 24 * 3_600_000;

/** Which execution an idempotency key stands for, the same for all routers: the first one that takes a key has it. */
export class IdempotencyKeys {
  readonly #bucket: KV;

  private constructor(bucket: KV) {
    this.#bucket = bucket;
  }

  static async open(bus: Bus): Promise<IdempotencyKeys> {
    return new IdempotencyKeys(await new Kvm(bus.connection).create(buckets.keys, { ttl: keptMs }));
  }

  /** What the key stands for from now on: `execution`, if it is new, or what it stood for before. */
  async take(
    key: string,
    execution: KeyedExecution,
  ): Promise<{ readonly isNew: boolean; readonly taken: KeyedExecution }> {
    try {
      await this.#bucket.create(nameOf(key), JSON.stringify(execution));
      return { isNew: true, taken: execution };
    } catch (error) {
      const entry = await this.#bucket.get(nameOf(key));
      // Not a key that was taken, then, but a store that does not answer.
      if (entry?.operation !== "PUT") throw error;
      return { isNew: false, taken: entry.json<KeyedExecution>() };
    }
  }

  /** The key may stand for another execution. */
  async forget(key: string): Promise<void> {
    await this.#bucket.purge(nameOf(key));
  }
}

/** Any text as a name that the bucket takes. */
function nameOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}
