import type { Replica } from "./replica.ts";

/**
 * Why an execution waits, for a person.
 *
 * @param replicas all this router knows in the pool
 * @param maxReplicas the pool's bound, where this router knows it
 */
export function explainWait(
  replicas: Iterable<Replica>,
  usable: ReadonlySet<Replica>,
  maxReplicas: number | undefined,
): string {
  let [slots, starting, others] = [0, 0, 0];
  for (const replica of replicas) {
    if (usable.has(replica)) slots += replica.total;
    else if (replica.state === "starting") starting += 1;
    else others += 1;
  }
  if (usable.size > 0) {
    const bound = maxReplicas !== undefined && usable.size >= maxReplicas ? ", at max replicas" : "";
    return `all ${count(slots, "slot")} of ${count(usable.size, "replica")} busy${bound}`;
  }
  if (starting > 0) return `${count(starting, "replica")} starting`;
  if (others > 0) return "no replica of the current version is ready";
  return "no replica is ready";
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
