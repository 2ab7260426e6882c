/** The items of a source that `open` gives when the first is asked for. A generator would cost each of them further promises. */
export function openedLater<T>(open: () => Promise<AsyncIterable<T>>): AsyncIterable<T, void> {
  let source: AsyncIterator<T> | undefined;
  const begin = async (): Promise<IteratorResult<T, void>> => {
    source = (await open())[Symbol.asyncIterator]();
    return source.next();
  };
  const close = (): Promise<IteratorResult<T, void>> | undefined => source?.return?.();
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => source?.next() ?? begin(),
      return: async () => (await close()) ?? { done: true, value: undefined },
    }),
  };
}
