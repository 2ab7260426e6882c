/** The environment of a pool key: the key itself, or what stands before the variant's slash. */
export function environmentOf(pool: string): string {
  const slash = pool.indexOf("/");
  return slash === -1 ? pool : pool.slice(0, slash);
}
