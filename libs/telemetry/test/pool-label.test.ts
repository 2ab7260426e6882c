import { expect, test } from "vitest";
import { poolLabel } from "../src/mod.ts";

test("the pools of an environment's runs count under one name", () => {
  expect(poolLabel("etl/run-41")).toBe("etl/run");
  expect(poolLabel("etl/run-a/b")).toBe("etl/run");
});

test("the pools of policies asked for count under one name", () => {
  expect(poolLabel("etl/policy-eager")).toBe("etl/policy");
});

test("the shared pool and the fresh pool keep their names", () => {
  expect(poolLabel("etl")).toBe("etl");
  expect(poolLabel("etl/fresh")).toBe("etl/fresh");
});

test("an environment named like a variant is not mistaken for one", () => {
  expect(poolLabel("run-etl")).toBe("run-etl");
});
