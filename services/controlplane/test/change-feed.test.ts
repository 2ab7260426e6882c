import { expect, test } from "vitest";
import { ChangeFeed } from "../src/io/change-feed.ts";

test("a slow watcher gets one change for all it missed, each part named once", async () => {
  const feed = new ChangeFeed();
  using watch = feed.watch(["run", "other"], new AbortController().signal);
  feed.publish("run", ["a", "b"]);
  feed.publish("other", ["b", "c"]);
  feed.publish("unwatched", ["d"]);
  expect(await watch.next()).toEqual(["a", "b", "c"]);
  expect(watch.drain()).toEqual([]);
});

test("a watcher that missed more than can be kept is told that it was much", async () => {
  const feed = new ChangeFeed();
  using watch = feed.watch(["run"], new AbortController().signal);
  feed.publish(
    "run",
    Array.from({ length: 10_001 }, (_, index) => String(index)),
  );
  expect(await watch.next()).toBe("many");
});

test("a watcher that waits is woken by a change, and by its own signal for good", async () => {
  const feed = new ChangeFeed();
  const leaving = new AbortController();
  using watch = feed.watch(["run"], leaving.signal);
  const changed = watch.next();
  feed.publish("run", ["a"]);
  expect(await changed).toEqual(["a"]);
  const ended = watch.next();
  leaving.abort();
  expect(await ended).toBeUndefined();
});

test("a watcher that has left is told nothing", () => {
  const feed = new ChangeFeed();
  const watch = feed.watch(["run"], new AbortController().signal);
  watch[Symbol.dispose]();
  feed.publish("run", ["a"]);
  expect(watch.drain()).toEqual([]);
});
