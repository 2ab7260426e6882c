import type { Random } from "@hearth/simulation";
import { noise } from "./words.ts";

/** Bytes as a broken peer or a bad line would send them. */
export function spoil(random: Random, bytes: Uint8Array): Uint8Array {
  const spoilt = Uint8Array.from(bytes);
  const at = random.between(0, Math.max(0, bytes.length - 1));
  switch (random.pick(["flip", "truncate", "noise", "insert", "repeat", "unknown", "overwrite"] as const)) {
    case "flip":
      for (let flips = random.between(1, 8); flips > 0 && spoilt.length > 0; flips--) {
        const place = random.between(0, spoilt.length - 1);
        spoilt[place] = (spoilt[place] ?? 0) ^ (1 << random.between(0, 7));
      }
      return spoilt;
    case "truncate":
      return spoilt.subarray(0, at);
    case "noise":
      return noise(random, random.between(0, 64));
    case "insert":
      return Buffer.concat([spoilt.subarray(0, at), noise(random, random.between(1, 8)), spoilt.subarray(at)]);
    case "repeat":
      return Buffer.concat([spoilt, spoilt]);
    case "unknown":
      // Field 1000 as a text, and as a group that ends and one that does not.
      return Buffer.concat([
        spoilt,
        Buffer.from(random.pick(["c23e0178", "c33ec43e", "c33e", "c23effffffff0f"]), "hex"),
      ]);
    case "overwrite":
      spoilt.fill(random.pick([0, 0x7f, 0x80, 0xff]), at, at + random.between(1, 10));
      return spoilt;
  }
}
