import { expect, it } from "vitest";
import { decideReplacement, unansweredMsMax, type StuckRunner } from "../src/core/decide-replacement.ts";

it.each<[string, StuckRunner, string]>([
  ["a runner where nothing was given up is kept", { ignored: 0, live: 0, unansweredMs: 99_999 }, "keep"],
  ["with nothing else in it it is replaced", { ignored: 1, live: 0, unansweredMs: 0 }, "replace"],
  ["while others run in it it is kept", { ignored: 1, live: 1, unansweredMs: unansweredMsMax - 1 }, "keep"],
  ["when it lets nobody run it is replaced", { ignored: 1, live: 1, unansweredMs: unansweredMsMax }, "replace"],
])("%s", (_rule, runner, kind) => {
  expect(decideReplacement(runner).kind).toBe(kind);
});
