import { once } from "node:events";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { passOnOutput } from "../src/io/runner-output.ts";

const kibibyte = 1024;

/** What passes of these chunks, and what is kept of them. */
async function passOn(chunks: readonly Buffer[]) {
  const stream = Readable.from(chunks, { objectMode: false });
  const written: Buffer[] = [];
  const output = passOnOutput([stream], (bytes) => void written.push(Buffer.from(bytes)));
  await once(stream, "end");
  output.end();
  return { text: Buffer.concat(written).toString(), lastLines: output.lastLines() };
}

test("what a runner writes passes as it is", async () => {
  const { text, lastLines } = await passOn([Buffer.from("one\ntw"), Buffer.from("o\n\nthree")]);
  expect(text).toBe("one\ntwo\n\nthree");
  expect(lastLines).toBe("one\ntwo\nthree");
});

test("of a flood 1 MiB passes, and one line says how much did not", async () => {
  const chunks = Array.from({ length: 40 }, () => Buffer.alloc(64 * kibibyte, "x"));
  const { text } = await passOn([...chunks, Buffer.from("\nthe end")]);
  const dropped = 24 * 64 * kibibyte + "\nthe end".length;
  expect(text.replace(/^x+/, "")).toBe(`\n... ${dropped} bytes of the runner's output were dropped\n`);
  expect(/^x+/.exec(text)?.[0]).toHaveLength(1024 * kibibyte);
});

test("its last words are kept though they did not pass, and are never more than 20 lines and 8 KiB", async () => {
  const flood = Array.from({ length: 40 }, () => Buffer.alloc(64 * kibibyte, "x"));
  const lines = Array.from({ length: 30 }, (_, line) => `line ${line}\n`).join("");
  const { lastLines } = await passOn([...flood, Buffer.from(`\n${lines}`)]);
  expect(lastLines.split("\n")).toEqual(Array.from({ length: 20 }, (_, line) => `line ${line + 10}`));
  expect((await passOn(flood)).lastLines).toHaveLength(8 * kibibyte);
});
