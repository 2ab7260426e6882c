import { createHash } from "node:crypto";
import type { Chance } from "../../src/workload/arrival.ts";

/** Chances that only depend on the name and the seed: the hash of a counter, slow and beyond doubt. */
export function chances(seed: number): (name: string) => Chance {
  return (name) => {
    let count = 0;
    return () => {
      const hash = createHash("sha1").update(`${seed} ${name} ${count++}`).digest();
      return hash.readUInt32BE(0) / 2 ** 32;
    };
  };
}
