import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { newId } from "@hearth/ids";
import {
  ExecuteStreamRequestSchema,
  ExecutionRequestSchema,
  ExecutionService,
  Outcome,
  type ExecutionEnd,
  type ExecutionRejection,
} from "@hearth/proto";
import { createClient, FrameOutbox, openChannel } from "@hearth/rpc";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { servicePid, startDev, type Dev } from "./support/dev.ts";
import { request } from "./support/execute.ts";
import { deploy, programFile } from "./support/programs.ts";

const backlogMax = 50;

/** Two slots, each of which takes this long for an execution. */
const napSeconds = 0.02;
const capacityPerSecond = 2 / napSeconds;

const offeredPerTick = 10;
const tickMs = (1_000 * offeredPerTick) / (10 * capacityPerSecond);
const ticks = 300;

/** What was offered carries 150 MB. A router keeps what it accepted; of what it refused it may hold what is not collected yet. */
const cargo = "x".repeat(50_000);
const growthMegabytesMax = 110;

let dev: Dev;
beforeAll(async () => {
  dev = await startDev({ variables: { HEARTH_BACKLOG_MAX: String(backlogMax) } });
  await deploy(dev, programFile("bursts.py"), "nothing");
});
afterAll(() => dev[Symbol.asyncDispose]());

describe("ten times the capacity, offered for three seconds", () => {
  const ends: ExecutionEnd[] = [];
  const rejections: ExecutionRejection[] = [];
  const residents: number[] = [];
  let offered = 0;

  beforeAll(async () => {
    await Promise.all([1, 2].map(() => dev.executions.execute({ execution: request("bounded", "doze", [1]) })));
    const router = servicePid(dev, "router");
    const channel = openChannel(dev.addresses.router);
    const requests = new FrameOutbox(() => create(ExecuteStreamRequestSchema));
    const offer = async (): Promise<void> => {
      for (let tick = 0; tick < ticks; tick += 1) {
        for (let one = 0; one < offeredPerTick; one += 1, offered += 1) {
          const execution = { ...request("bounded", "doze", [napSeconds, cargo]), executionId: newId(Date.now()) };
          requests.frame(cargo.length).executions.push(create(ExecutionRequestSchema, execution));
        }
        residents.push(residentMegabytes(router));
        await delay(tickMs);
      }
      requests.end();
    };
    const offering = offer();
    for await (const frame of createClient(ExecutionService, channel).executeStream(requests)) {
      ends.push(...frame.ends);
      rejections.push(...frame.rejections);
    }
    await offering;
    residents.push(residentMegabytes(router));
    channel.close();
  });

  test("is mostly refused, with BACKLOG_FULL and when to ask again", () => {
    expect(rejections.length).toBeGreaterThan(offered / 2);
    expect(new Set(rejections.map(({ failure }) => failure?.reason))).toEqual(new Set(["BACKLOG_FULL"]));
    expect(rejections.every(({ retryAfterMs }) => retryAfterMs > 0)).toBe(true);
  });

  test("is executed as far as it was accepted: each execution ends once", () => {
    const answered = [...ends, ...rejections].map(({ executionId }) => executionId);
    expect([answered.length, new Set(answered).size]).toEqual([offered, offered]);
    expect(ends.length).toBeGreaterThan(backlogMax);
    expect(new Set(ends.map(({ outcome }) => outcome))).toEqual(new Set([Outcome.SUCCEEDED]));
  });

  test("does not make the router grow by what it refused", () => {
    const keptMegabytes = (ends.length * cargo.length) / 1e6;
    expect(Math.max(...residents) - residents[0]!).toBeLessThan(growthMegabytesMax + keptMegabytes);
  });

  test("leaves nothing behind: the next execution is served at once", async () => {
    const { end } = await dev.executions.execute({ execution: request("bounded", "doze", [0]) });
    const { execution } = await dev.executions.getExecution({ executionId: end?.executionId ?? "" });
    expect(execution?.attempts).toMatchObject([{ outcome: Outcome.SUCCEEDED, cold: false, waitReason: "" }]);
  });
});

/** Resident memory of a process (proc(5)). */
function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) / 1_000;
}
