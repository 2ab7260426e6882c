import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { ReusePolicySchema } from "@hearth/proto";
import { expect, test } from "vitest";
import { changePolicy } from "../src/commands/env-policy.ts";

const present = create(ReusePolicySchema, {
  minReplicas: 1,
  maxReplicas: 4,
  bufferReplicas: 2,
  singleUse: true,
  recycling: { afterExecutions: 100, aboveMemory: "800Mi", afterAge: durationFromMs(3_600_000) },
});

test("a change leaves everything else of a policy as it is", () => {
  const changed = changePolicy(present, { recycleAboveMemory: "1Gi", isolateOutOfMemory: true });
  expect(changed).toEqual({
    ...present,
    isolateOutOfMemory: true,
    recycling: { ...present.recycling, aboveMemory: "1Gi" },
  });
});

test("recycling is turned off cause by cause, and what is on or off by a word as well", () => {
  const changed = changePolicy(present, {
    recycleAfterExecutions: 0,
    recycleAboveMemory: "",
    recycleAfterAge: "off",
    singleUse: false,
    bufferReplicas: 0,
  });
  expect(changed).toMatchObject({
    singleUse: false,
    bufferReplicas: 0,
    recycling: { afterExecutions: 0, aboveMemory: "" },
  });
  expect(changed.recycling?.afterAge).toBeUndefined();
});
