import { deflateSync, gzipSync } from "node:zlib";
import { grpcFrame } from "@hearth/test-probes/raw-grpc";
import { Status } from "nice-grpc-common";
import { describe, expect, it, test } from "vitest";
import { messageBytesMax, MessageReader } from "../src/grpc/message-reader.ts";

function newReader(encoding = "identity"): { readonly reader: MessageReader<string>; readonly said: string[] } {
  const said: string[] = [];
  const source = { pause: () => said.push("pause"), resume: () => said.push("resume") };
  return { reader: new MessageReader(source, encoding, (bytes) => Buffer.from(bytes).toString()), said };
}

async function readAll(reader: MessageReader<string>): Promise<string[]> {
  const messages: string[] = [];
  for await (const message of reader) messages.push(message);
  return messages;
}

/** A message whose prefix says that it is compressed. */
function compressed(bytes: Uint8Array): Buffer {
  const frame = grpcFrame(bytes);
  frame[0] = 1;
  return frame;
}

describe("messages come out of a stream of bytes", () => {
  const messages = ["", "a", "bc", "x".repeat(70_000), "d"];
  const bytes = Buffer.concat(messages.map((message) => grpcFrame(Buffer.from(message))));

  test.each([1, 2, 3, 5, 7, 16_384, bytes.length])("wherever they were cut: in pieces of %i", async (size) => {
    const { reader } = newReader();
    const all = readAll(reader);
    for (let at = 0; at < bytes.length; at += size) reader.take(bytes.subarray(at, at + size));
    reader.finish();
    expect(await all).toEqual(messages);
  });

  it("whether or not somebody waits for them", async () => {
    const { reader } = newReader();
    const first = reader.next();
    reader.take(bytes);
    reader.finish();
    expect([(await first).value, ...(await readAll(reader))]).toEqual(messages);
  });
});

describe("a reader that is slow", () => {
  const message = grpcFrame(Buffer.alloc(40_000));

  it("has its source wait, and go on when it has read what there was", async () => {
    const { reader, said } = newReader();
    reader.take(message);
    expect(said).toEqual([]);
    reader.take(message);
    expect(said).toEqual(["pause"]);
    reader.take(message);
    expect(said).toEqual(["pause"]);
    await reader.next();
    expect(said).toEqual(["pause"]);
    await reader.next();
    expect(said).toEqual(["pause", "resume"]);
  });

  it("and leaves lets the rest pass", async () => {
    const { reader, said } = newReader();
    reader.take(message);
    reader.take(message);
    await reader.return();
    expect(said).toEqual(["pause", "resume"]);
    reader.take(message);
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });
});

describe("an end", () => {
  it("with an error comes after what was said before, once", async () => {
    const { reader } = newReader();
    reader.take(grpcFrame(Buffer.from("a")));
    reader.finish(new Error("gone"));
    expect((await reader.next()).value).toBe("a");
    await expect(reader.next()).rejects.toThrow("gone");
    expect((await reader.next()).done).toBe(true);
  });

  it("within a message is an error", async () => {
    const { reader } = newReader();
    reader.take(grpcFrame(Buffer.from("abc")).subarray(0, 7));
    reader.finish();
    await expect(reader.next()).rejects.toMatchObject({ code: Status.INTERNAL });
  });

  it("is told to who waits", async () => {
    const { reader } = newReader();
    const next = reader.next();
    reader.finish();
    expect((await next).done).toBe(true);
  });
});

describe("a compressed message", () => {
  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
  ])("of %s is read, in its turn", async (encoding, compress) => {
    const { reader } = newReader(encoding);
    reader.take(compressed(compress("abc")));
    reader.take(grpcFrame(Buffer.from("d")));
    reader.finish();
    expect(await readAll(reader)).toEqual(["abc", "d"]);
  });

  it("of something else is refused", async () => {
    const { reader } = newReader("snappy");
    reader.take(compressed(Buffer.from("abc")));
    await expect(reader.next()).rejects.toMatchObject({ code: Status.UNIMPLEMENTED });
  });

  it("that is none is refused", async () => {
    const { reader } = newReader("gzip");
    reader.take(compressed(Buffer.from("abc")));
    await expect(reader.next()).rejects.toMatchObject({ code: Status.INTERNAL });
  });
});

it("refuses a message that is too large before it is there", () => {
  const { reader } = newReader();
  const tooLarge = (): void => reader.take(grpcFrame(Buffer.from("a"), messageBytesMax + 1));
  expect(tooLarge).toThrow(expect.objectContaining({ code: Status.RESOURCE_EXHAUSTED }) as Error);
});
