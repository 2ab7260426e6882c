interface Box<Value> {
  value: Value | undefined;
}

/**
 * A map for what comes and goes by the thousand, in the order it came. As a `Map` is used, V8 lays out a new table for it from
 * time to time, and an old table, once it has grown old and until the next full collection, keeps all the tables after it
 * alive with what they held: of a map with five hundred entries that live for milliseconds, a third of all that ever
 * were in it is copied again and again. Here tables hold boxes, which are emptied when an entry goes.
 */
export class PassingMap<Key, Value> implements Iterable<readonly [Key, Value]> {
  readonly #boxes = new Map<Key, Box<Value>>();

  get size(): number {
    return this.#boxes.size;
  }

  get(key: Key): Value | undefined {
    return this.#boxes.get(key)?.value;
  }

  /** Puts in an entry. One with this key is replaced where it is. */
  set(key: Key, value: Value): void {
    const box = this.#boxes.get(key);
    if (box === undefined) this.#boxes.set(key, { value });
    else box.value = value;
  }

  /** Takes out an entry. Undefined: there was none. */
  take(key: Key): Value | undefined {
    const box = this.#boxes.get(key);
    if (box === undefined) return undefined;
    this.#boxes.delete(key);
    const { value } = box;
    box.value = undefined;
    return value;
  }

  keys(): Iterable<Key> {
    return this.#boxes.keys();
  }

  *values(): Generator<Value> {
    for (const { value } of this.#boxes.values()) yield value as Value;
  }

  *[Symbol.iterator](): Generator<readonly [Key, Value]> {
    for (const [key, { value }] of this.#boxes) yield [key, value as Value];
  }
}
