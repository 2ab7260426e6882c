import { describe, expect, it } from "vitest";
import { isHere } from "../src/core/is-here.ts";

const low = "01a";
const high = "01b";
const claim = { isSure: false, yielded: new Set<string>() };

describe("a router that is asked for an execution says that it is here", () => {
  it.each([
    { says: true, when: "it has it", knows: true, claim: undefined, ownId: high, askerId: low },
    { says: false, when: "it neither has it nor wants it", knows: false, claim: undefined, ownId: low, askerId: high },
    { says: true, when: "both want it and its id is the lower one", knows: false, claim, ownId: low, askerId: high },
    { says: false, when: "both want it and its id is the higher one", knows: false, claim, ownId: high, askerId: low },
    {
      ...{ says: true, when: "both want it and the other one had denied it before it began to look" },
      ...{ knows: false, claim: { ...claim, yielded: new Set([low]) }, ownId: high, askerId: low },
    },
    {
      ...{ says: true, when: "it has, or takes, the execution's key" },
      ...{ knows: false, claim: { ...claim, isSure: true }, ownId: high, askerId: low },
    },
  ])("$says, when $when", ({ says, knows, claim, ownId, askerId }) => {
    expect(isHere({ knows, claim, ownId, askerId })).toBe(says);
  });
});
