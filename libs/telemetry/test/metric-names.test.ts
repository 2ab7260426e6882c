import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { metricDefinitions } from "../src/mod.ts";

const docs = readFileSync(new URL("../../../docs/metrics.md", import.meta.url), "utf8");

test("docs/metrics.md lists every metric with its kind, unit, attributes and meaning, in order, and nothing else", () => {
  const row = /^\| `(hearth\.[a-z._]+)` \| (\w+), (.+?) \| (.+?) \| (.+?) \|$/gm;
  const listed = [...docs.matchAll(row)].map(([, name, kind, unit, attributes, description]) => ({
    ...{ name, kind, unit, description },
    attributes: attributes?.replaceAll("`", "").split(", "),
  }));
  const defined = Object.entries(metricDefinitions).map(([name, definition]) => ({ name, ...definition }));
  expect(listed).toEqual(defined);
});

test("metrics are in alphabetical order", () => {
  const names = Object.keys(metricDefinitions);
  expect(names).toEqual([...names].sort());
});
