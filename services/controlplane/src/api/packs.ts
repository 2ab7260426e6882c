/** A message begins no further item once it holds this much, so that a stream nobody reads holds little. */
const packBytesMax = 512 * 1024;

/** The items in packs of bounded size, in their order; a pack holds one item at least. */
export function* packs<T>(items: readonly T[], bytesOf: (item: T) => number): Generator<readonly T[], void> {
  let from = 0;
  let bytes = 0;
  for (const [at, item] of items.entries()) {
    const more = bytesOf(item);
    if (at > from && bytes + more > packBytesMax) {
      yield items.slice(from, at);
      from = at;
      bytes = 0;
    }
    bytes += more;
  }
  if (from < items.length) yield items.slice(from);
}
