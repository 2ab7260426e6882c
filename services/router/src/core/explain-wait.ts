import type { Replica } from "./replica.ts";

/** Why an execution waits, for a person. `replicas`: all this router knows in the pool. */
export function explainWait(replicas: Iterable<Replica>, currentVersion: string): string {
  let slots = 0;
  let ready = 0;
  let other = 0;
  for (const replica of replicas) {
    if (replica.version === currentVersion && replica.state === "ready" && replica.attached) {
      ready += 1;
      slots += replica.total;
    } else {
      other += 1;
    }
  }
  if (ready > 0) return `all ${count(slots, "slot")} of ${count(ready, "replica")} busy`;
  if (other > 0) return "no replica of the current version is ready";
  return "no replica is ready";
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
