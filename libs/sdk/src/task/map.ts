/**
 * Calls `task` once for each item, at most `concurrency` at a time (default: all at once), and answers in the items'
 * order. The first failure rejects; items not begun by then are not called.
 */
export async function map<T, R>(
  task: (item: T) => Promise<R>,
  items: Iterable<T>,
  options: { readonly concurrency?: number } = {},
): Promise<R[]> {
  const { concurrency = Number.POSITIVE_INFINITY } = options;
  if (!(concurrency >= 1)) throw new RangeError(`concurrency is ${concurrency}; it must be at least 1.`);
  const all = [...[...items].entries()];
  const results: R[] = new Array<R>(all.length);
  const rest = all.values();
  let failed = false;
  const lane = async (): Promise<void> => {
    for (const [index, item] of rest) {
      if (failed) return;
      try {
        results[index] = await task(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, all.length) }, lane));
  return results;
}
