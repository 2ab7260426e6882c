import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { reasons } from "../src/mod.ts";

const docs = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
const rows = [...docs.matchAll(/^\| `([A-Z_]+)` \| (.+?) \| (.+?) \|$/gm)].map(([, reason, status, meaning]) => ({
  reason,
  status,
  meaning,
}));

describe("docs/errors.md", () => {
  it("lists every registered reason with its status and meaning, in order, and nothing else", () => {
    const registered = Object.entries(reasons).map(([reason, { status, meaning }]) => ({
      reason,
      status: status ?? "(no RPC error)",
      meaning,
    }));
    expect(rows).toEqual(registered);
  });
});

describe("the registry", () => {
  it("is in alphabetical order, so that two people add to it without a conflict", () => {
    const names = Object.keys(reasons);
    expect(names).toEqual([...names].sort());
  });
});
