import { expect, test } from "vitest";
import { map } from "@hearth/sdk";

test("map answers in the order of the items, whichever ends first", async () => {
  const release: (() => void)[] = [];
  const answers = map(
    (item: number) => new Promise<number>((resolve) => (release[item] = () => resolve(item * 2))),
    [0, 1],
  );
  release[1]?.();
  release[0]?.();
  expect(await answers).toEqual([0, 2]);
});

test("map has at most as many calls open as concurrency says", async () => {
  let open = 0;
  let most = 0;
  const call = async (item: number): Promise<number> => {
    most = Math.max(most, ++open);
    await new Promise(setImmediate);
    open -= 1;
    return item;
  };
  expect(await map(call, [1, 2, 3, 4, 5], { concurrency: 2 })).toEqual([1, 2, 3, 4, 5]);
  expect(most).toBe(2);
});

test("map begins no further item once one failed", async () => {
  const begun: number[] = [];
  const call = (item: number): Promise<number> => {
    begun.push(item);
    return item === 2 ? Promise.reject(new Error("no two")) : Promise.resolve(item);
  };
  await expect(map(call, [1, 2, 3], { concurrency: 1 })).rejects.toThrow("no two");
  expect(begun).toEqual([1, 2]);
});

test("map refuses a concurrency below one", async () => {
  await expect(map((item: number) => Promise.resolve(item), [1], { concurrency: 0 })).rejects.toThrow(RangeError);
});
