import { afterEach, describe, expect, it, vi } from "vitest";
import { FrameOutbox } from "../src/mod.ts";

const newOutbox = (): FrameOutbox<{ items: string[] }> => new FrameOutbox(() => ({ items: [] }));

describe("the outbox of a stream", () => {
  it("sends what was put in during one tick as one frame", async () => {
    const outbox = newOutbox();
    const frames = outbox[Symbol.asyncIterator]();
    const next = frames.next();
    for (const item of ["a", "b", "c"]) outbox.frame().items.push(item);
    expect((await next).value).toEqual({ items: ["a", "b", "c"] });
  });

  it("sends what was put in while the transport was busy as one frame", async () => {
    const outbox = newOutbox();
    const frames = outbox[Symbol.asyncIterator]();
    outbox.frame().items.push("a");
    expect((await frames.next()).value).toEqual({ items: ["a"] });
    outbox.frame().items.push("b");
    await new Promise(setImmediate);
    outbox.frame().items.push("c");
    expect((await frames.next()).value).toEqual({ items: ["b", "c"] });
  });

  it("never adds to a frame that has left", async () => {
    const outbox = newOutbox();
    const frames = outbox[Symbol.asyncIterator]();
    outbox.frame().items.push("a");
    const { value: first } = await frames.next();
    outbox.frame().items.push("b");
    expect(first).toEqual({ items: ["a"] });
  });

  it("begins another frame before one outgrows a mebibyte, and keeps the order", async () => {
    const outbox = newOutbox();
    for (const item of ["a", "b", "c"]) outbox.frame(600 * 1024).items.push(item);
    outbox.end();
    const frames: unknown[] = [];
    for await (const frame of outbox) frames.push(frame);
    expect(frames).toEqual([{ items: ["a"] }, { items: ["b"] }, { items: ["c"] }]);
  });

  it("begins another frame after 128 items: who reads them works on the first while the next are made", async () => {
    const outbox = newOutbox();
    for (let item = 0; item < 300; item++) outbox.frame().items.push("a");
    outbox.end();
    const frames: number[] = [];
    for await (const { items } of outbox) frames.push(items.length);
    expect(frames).toEqual([128, 128, 44]);
  });

  it("sends what is left when it ends, and then no more", async () => {
    const outbox = newOutbox();
    const frames = outbox[Symbol.asyncIterator]();
    const next = frames.next();
    outbox.frame().items.push("a");
    outbox.end();
    expect((await next).value).toEqual({ items: ["a"] });
    expect((await frames.next()).done).toBe(true);
  });

  describe("with an item that may linger", () => {
    afterEach(() => void vi.useRealTimers());

    it("sends it with the next one", async () => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const outbox = newOutbox();
      const frames = outbox[Symbol.asyncIterator]();
      const next = frames.next();
      await new Promise(setImmediate);
      outbox.lingeringFrame().items.push("a");
      await new Promise(setImmediate);
      outbox.frame().items.push("b");
      expect((await next).value).toEqual({ items: ["a", "b"] });
    });

    it("sends it by itself when nothing comes for a few milliseconds", async () => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const outbox = newOutbox();
      const frames = outbox[Symbol.asyncIterator]();
      const next = frames.next();
      outbox.lingeringFrame().items.push("a");
      vi.advanceTimersByTime(10);
      expect((await next).value).toEqual({ items: ["a"] });
    });

    it("sends no frame when it has left before", async () => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const outbox = newOutbox();
      const frames = outbox[Symbol.asyncIterator]();
      outbox.lingeringFrame().items.push("a");
      outbox.frame().items.push("b");
      expect((await frames.next()).value).toEqual({ items: ["a", "b"] });
      const next = frames.next();
      vi.advanceTimersByTime(10);
      await new Promise(setImmediate);
      outbox.frame().items.push("c");
      expect((await next).value).toEqual({ items: ["c"] });
    });

    it("sends it when the stream ends", async () => {
      const outbox = newOutbox();
      outbox.lingeringFrame().items.push("a");
      outbox.end();
      const frames: unknown[] = [];
      for await (const frame of outbox) frames.push(frame);
      expect(frames).toEqual([{ items: ["a"] }]);
    });
  });
});
