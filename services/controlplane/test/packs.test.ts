import { expect, test } from "vitest";
import { packs } from "../src/api/packs.ts";

const packed = (...kibibytes: readonly number[]): readonly (readonly number[])[] => [
  ...packs(kibibytes, (one) => one * 1024),
];

test("items go together up to half a mebibyte, in their order", () => {
  expect(packed(200, 200, 200, 100, 212, 1)).toEqual([[200, 200], [200, 100, 212], [1]]);
});

test("an item that is larger goes by itself", () => {
  expect(packed(1, 600, 1)).toEqual([[1], [600], [1]]);
});

test("no items make no pack", () => {
  expect(packed()).toEqual([]);
});
