import { describe, expect, it } from "vitest";
import { Backlog } from "../src/core/backlog.ts";

const take = (backlog: Backlog<{ id: string }>): string | undefined => {
  const first = backlog.first();
  if (first !== undefined) backlog.remove(first.id);
  return first?.id;
};

describe("the backlog", () => {
  it("serves first come first", () => {
    const backlog = new Backlog<{ id: string }>();
    for (const id of ["a", "b", "c"]) backlog.push({ id });
    expect([take(backlog), take(backlog), take(backlog), take(backlog)]).toEqual(["a", "b", "c", undefined]);
  });
  it("serves what lost its slot before what is new", () => {
    const backlog = new Backlog<{ id: string }>();
    backlog.push({ id: "new" });
    backlog.giveBack({ id: "had a slot" });
    expect([take(backlog), take(backlog)]).toEqual(["had a slot", "new"]);
  });
  it("lets one leave from the middle", () => {
    const backlog = new Backlog<{ id: string }>();
    for (const id of ["a", "b", "c"]) backlog.push({ id });
    expect(backlog.remove("b")).toBe(true);
    expect(backlog.size).toBe(2);
    expect([take(backlog), take(backlog)]).toEqual(["a", "c"]);
  });
  it("says when what should leave is not there", () => expect(new Backlog().remove("a")).toBe(false));
});
