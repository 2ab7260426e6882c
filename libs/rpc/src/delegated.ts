/**
 * An iteration that passes on another one's items. What that one throws, and its end, go through `failed` and `ended`, which may
 * throw something else in their place. A generator with `yield*` would do the same at the cost of several promises for each item.
 */
export class Delegated<T, R> implements AsyncGenerator<T, R, undefined> {
  readonly #inner: AsyncIterator<T, R>;
  readonly #passOn: (result: IteratorResult<T, R>) => IteratorResult<T, R>;
  readonly #failed: (thrown: unknown) => never;

  constructor(
    inner: AsyncIterable<T, R>,
    on: { readonly failed: (thrown: unknown) => never; readonly item?: (item: T) => void; readonly ended?: () => void },
  ) {
    const { item, ended } = on;
    this.#inner = inner[Symbol.asyncIterator]();
    this.#failed = on.failed;
    this.#passOn = (result) => {
      if (result.done === true) ended?.();
      else item?.(result.value);
      return result;
    };
  }

  next(): Promise<IteratorResult<T, R>> {
    return this.#inner.next().then(this.#passOn, this.#failed);
  }

  async return(value: R | PromiseLike<R>): Promise<IteratorResult<T, R>> {
    const returned = await this.#inner.return?.(value).catch(this.#failed);
    return returned ?? { done: true, value: await value };
  }

  async throw(error: unknown): Promise<IteratorResult<T, R>> {
    if (this.#inner.throw !== undefined) return this.#inner.throw(error).then(this.#passOn, this.#failed);
    await this.#inner.return?.();
    return this.#failed(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner.return?.();
  }
}
