import { describe, expect, it } from "vitest";
import { newId } from "../src/mod.ts";

describe("an id", () => {
  it("is a ULID in lower case", () => expect(newId(Date.now())).toMatch(/^[0-7][0-9a-hjkmnp-tv-z]{25}$/));

  it("sorts by the moment it was made at", () => {
    const ids = [1, 2, 1_000, 1_795_447_000_000].map(newId);
    expect(ids.toSorted()).toEqual(ids);
  });

  it("is another one each time, in the same millisecond too", () => {
    const ids = new Set(Array.from({ length: 100_000 }, () => newId(1_795_447_000_000)));
    expect(ids.size).toBe(100_000);
  });

  it("uses every letter in every random place", () => {
    const letters = Array.from({ length: 16 }, () => new Set<string>());
    for (let made = 0; made < 2_000; made += 1) {
      Array.from(newId(0).slice(10)).forEach((letter, place) => letters[place]?.add(letter));
    }
    expect(letters.map(({ size }) => size)).toEqual(Array.from({ length: 16 }, () => 32));
  });
});
