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

  it("begins another frame before one outgrows 64 KiB, and keeps the order", async () => {
    const outbox = newOutbox();
    for (const item of ["a", "b", "c"]) outbox.frame(30 * 1024).items.push(item);
    outbox.end();
    const frames: unknown[] = [];
    for await (const frame of outbox) frames.push(frame);
    expect(frames).toEqual([{ items: ["a", "b"] }, { items: ["c"] }]);
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

  it("says how much waits to leave", async () => {
    const outbox = newOutbox();
    for (const item of ["a", "b"]) outbox.frame(1024 * 1024).items.push(item);
    const both = outbox.weightBytes;
    expect(both).toBeGreaterThanOrEqual(2 * 1024 * 1024);
    const frames = outbox[Symbol.asyncIterator]();
    await frames.next();
    expect(outbox.weightBytes).toBe(both / 2);
    await frames.next();
    expect(outbox.weightBytes).toBe(0);
  });

  it("lets a sender wait until less waits to leave, or nothing leaves any more", async () => {
    const outbox = newOutbox();
    const told: string[] = [];
    for (const item of ["a", "b", "c"]) outbox.frame(1024 * 1024).items.push(item);
    const frames = outbox[Symbol.asyncIterator]();
    const room = outbox.room(2 * 1024 * 1024).then(() => told.push("room"));
    await frames.next();
    expect(told).toEqual([]);
    await frames.next();
    await room;
    const over = outbox.room(0);
    await frames.return();
    await over;
    expect(outbox.isOver).toBe(true);
  });

  it("drops what is in it at once when it fails, and who takes from it later gets the error", async () => {
    const outbox = newOutbox();
    for (const item of ["a", "b", "c"]) outbox.frame(1024 * 1024).items.push(item);
    const frames = outbox[Symbol.asyncIterator]();
    expect((await frames.next()).value).toEqual({ items: ["a"] });
    outbox.fail(new Error("nobody took it"));
    outbox.frame(1024).items.push("d");
    expect(outbox.weightBytes).toBe(0);
    await expect(frames.next()).rejects.toThrow("nobody took it");
  });

  it("fails for who waits for a frame", async () => {
    const outbox = newOutbox();
    const next = outbox[Symbol.asyncIterator]().next();
    outbox.fail(new Error("it is over"));
    await expect(next).rejects.toThrow("it is over");
  });

  it("keeps nothing once its reader has left", async () => {
    const outbox = newOutbox();
    const frames = outbox[Symbol.asyncIterator]();
    outbox.frame().items.push("a");
    await frames.next();
    outbox.frame(1024).items.push("b");
    await frames.return();
    outbox.frame(1024).items.push("c");
    expect(outbox.weightBytes).toBe(0);
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
