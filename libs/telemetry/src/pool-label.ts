/**
 * The pool as an attribute of a metric. There is a pool per run and per policy asked for, so those count under one
 * name each: "environment/run" and "environment/policy". Every other pool keeps its name.
 */
export function poolLabel(pool: string): string {
  const slash = pool.indexOf("/");
  if (slash === -1) return pool;
  const variant = pool.slice(slash + 1);
  if (variant.startsWith("run-")) return `${pool.slice(0, slash)}/run`;
  if (variant.startsWith("policy-")) return `${pool.slice(0, slash)}/policy`;
  return pool;
}
