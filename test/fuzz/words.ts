import { newId } from "@hearth/ids";
import type { Random } from "@hearth/simulation";

/** An environment whose replicas never come up: what the storm does to it, it may do. */
export const victim = "victim";

/** Texts that mean something to somebody: names that are there, and what has broken other programs. */
const texts: readonly string[] = [
  ...[victim, `${victim}/fresh`, `${victim}/policy-000000000000`, `${victim}/run-x`, "", "echo", "whoami", "fail"],
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "prototype"],
  ...["../../../../etc/passwd", "/", "a/b/c", ".", "..", "*", ">", "a b", "\r\nx: y", "%00", "%", "{}", "null"],
  ..."\0|a\0b|\uFFFD|\u{1F525}|e\u0301|\u202E|-1|1e999|NaN|undefined".split("|"),
  ...["127.0.0.1:1", "127.0.0.1:99999999", "[::", "dns:///", "unix:/nowhere", "http://[", "ipv4:", "localhost"],
  ...["module:task", ":", "a:b", "500m", "1Gi", "-1Gi", "1e400", "999999999999Pi"],
  ...["'; drop table executions; --", "<script>alert(1)</script>", "$(reboot)", "${jndi:x}"],
  ...["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-zz-zz-zz", "stdout", "SLOTS_FULL", "TASK_FAILED"],
];

const doubles: readonly number[] = [
  ...[0, -0, 1, -1, 0.5, 1e-320, NaN, Infinity, -Infinity, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 53 + 2, 2 ** 63, -(2 ** 63)],
  ...[8.64e15, 8.64e15 + 1, -8.64e15, 1.7e12, 1e300, Number.MAX_VALUE, 253402300799999, 253402300800000],
];

/** Nothing between what is harmless and what is over every bound: the storm is to be refused, not to start a thousand processes. */
const unsigned: readonly number[] = [0, 1, 2, 3, 10_001, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
const signed: readonly number[] = [0, 1, -1, 10, -10, 11, -11, 2 ** 31 - 1, -(2 ** 31)];
const longs: readonly bigint[] = [0n, 1n, -1n, 30n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)];

export const textOf = (random: Random): string => {
  if (random.happens(0.15)) return newId(1_700_000_000_000 + random.between(0, 1_000));
  if (random.happens(0.02)) return "x".repeat(random.pick([201, 70_000, 1_000_000]));
  return random.pick(texts);
};

export const doubleOf = (random: Random): number => random.pick(doubles);
export const unsignedOf = (random: Random): number => random.pick(unsigned);
export const signedOf = (random: Random): number => random.pick(signed);
export const longOf = (random: Random): bigint => random.pick(longs);

export const bytesOf = (random: Random): Uint8Array => {
  const depth = random.pick([3, 10_000]);
  const json = [
    `{"args":["a"]}`,
    `{"args":${"[".repeat(depth)}${"]".repeat(depth)}}`,
    `{"__proto__":{"args":[1]}}`,
    "{",
    "[]",
    "null",
  ];
  if (random.happens(0.5)) return Buffer.from(random.pick(json));
  if (random.happens(0.02)) return new Uint8Array(random.pick([100_000, 5 * 1024 * 1024]));
  return noise(random, random.pick([0, 1, 4, 7, 32, 500]));
};

export function noise(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.between(0, 255));
}
