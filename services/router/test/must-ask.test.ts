import { newId } from "@hearth/ids";
import { describe, expect, it } from "vitest";
import { freshForMs, madeAt, mustAskOthers } from "../src/core/must-ask.ts";

const now = 1_800_000_000_000;

function request(change: Partial<Parameters<typeof mustAskOthers>[0]> = {}): Parameters<typeof mustAskOthers>[0] {
  return { executionId: newId(now), askedBefore: false, idempotencyKey: "", ...change };
}

describe("other routers are asked for an execution", () => {
  it("not when its id was made just now", () => {
    expect(mustAskOthers(request(), now + freshForMs)).toBe(false);
  });

  it("not when it has no id yet", () => {
    expect(mustAskOthers(request({ executionId: "" }), now)).toBe(false);
  });

  it("when the caller says that it asked before", () => {
    expect(mustAskOthers(request({ askedBefore: true }), now)).toBe(true);
  });

  it("when it has an idempotency key", () => {
    expect(mustAskOthers(request({ idempotencyKey: "k" }), now)).toBe(true);
  });

  it("when its id was made a while ago", () => {
    expect(mustAskOthers(request(), now + freshForMs + 1)).toBe(true);
  });
});

it("an id says when it was made", () => {
  expect(madeAt(newId(now))).toBe(now);
});
