import { expect, it } from "vitest";
import { Family } from "../src/core/family.ts";
import { anExecution } from "./samples.ts";

const child = (id: string, parentId: string) => anExecution(id, { parentId });

it("knows what was called at any depth, the deepest first", () => {
  const family = new Family();
  for (const [id, parent] of ["ba", "cb", "da", "ec", "yx"]) family.add(child(id ?? "", parent ?? ""));
  expect(family.descendants("a").map(({ id }) => id)).toEqual(["e", "c", "d", "b"]);
});

it("keeps nothing of those that have ended", () => {
  const family = new Family();
  const [first, second] = [child("b", "a"), child("c", "a")];
  family.add(first);
  family.add(second);
  family.add(anExecution("root"));
  family.remove(first);
  expect([family.parents, family.descendants("a")]).toEqual([1, [second]]);
  family.remove(second);
  expect(family.parents).toBe(0);
});
