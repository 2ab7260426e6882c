import type { Replica } from "./replica.ts";

/** How many replicas a key has, in the order of its preference. */
export const choicesMax = 3;

/**
 * The replicas a key prefers, by rendezvous hashing (Thaler and Ravishankar, 1996): every router finds the same ones in the
 * same order, and when a replica comes or goes only the keys that prefer it move. Executions of a key that exceed what its
 * first choice can take go to its second and third: what they need in memory is then in three places, not everywhere.
 */
export function preferredFor(key: string, replicas: Iterable<Replica>): readonly Replica[] {
  const keyHash = hashText(key);
  const best: { readonly replica: Replica; readonly score: number }[] = [];
  for (const replica of replicas) {
    const score = mix(keyHash ^ replica.idHash);
    const place = best.findIndex((other) => score > other.score);
    if (place === -1 && best.length >= choicesMax) continue;
    best.splice(place === -1 ? best.length : place, 0, { replica, score });
    if (best.length > choicesMax) best.pop();
  }
  return best.map(({ replica }) => replica);
}

/** 32-bit FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash;
}

/** The finalizer of MurmurHash3: every bit of the input changes about half of the output's. */
function mix(hash: number): number {
  let mixed = hash;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
