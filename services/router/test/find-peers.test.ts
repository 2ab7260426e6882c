import { beforeEach, expect, it } from "vitest";
import { AdoptRouters, type AdoptRoutersOptions } from "../src/loops/adopt-routers.ts";

/** The looks that were begun, each to be answered by hand. */
let looks: PromiseWithResolvers<string[]>[];
let routers: AdoptRouters;

beforeEach(() => {
  looks = [];
  const tails: Pick<AdoptRoutersOptions["tails"], "routers" | "of"> = {
    routers() {
      const look = Promise.withResolvers<string[]>();
      looks.push(look);
      return look.promise;
    },
    of: () => Promise.resolve(undefined),
  };
  routers = new AdoptRouters({ routerId: "self", tails } as unknown as AdoptRoutersOptions);
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it("thousands who want to know of other routers at once cost one look", async () => {
  const all = Promise.all(Array.from({ length: 5_000 }, () => routers.findPeers()));
  await turn();
  expect(looks.length).toBe(1);
  looks[0]?.resolve([]);
  await all;
});

it("who asks while others look gets a look that began after that", async () => {
  const first = routers.findPeers();
  await turn();
  const later = [routers.findPeers(), routers.findPeers()];
  await turn();
  expect(looks.length).toBe(1);
  looks[0]?.resolve([]);
  await first;
  await turn();
  expect(looks.length).toBe(2);
  looks[1]?.resolve([]);
  await Promise.all(later);
});

it("a look that fails is the failure of those who asked for it, and of nobody after them", async () => {
  const first = routers.findPeers();
  await turn();
  const second = routers.findPeers();
  looks[0]?.reject(new Error("no answer"));
  await expect(first).rejects.toThrow("no answer");
  await turn();
  looks[1]?.resolve([]);
  await second;
});
