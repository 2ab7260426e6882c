import { createServer, type Socket } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { encodeFrame, FrameDecoder, FrameSocket, ProtocolError, type Frame } from "../src/mod.ts";

const execute = (attempt: number, body: string): Frame => ({
  kind: "execute",
  header: { attempt, execution: "x", number: 1, run: "x", task: "häuser" },
  body: new Uint8Array(Buffer.from(body)),
});

function plainEnd(attempt: number, startedUnixMs: number, unixMs: number) {
  return { attempt, outcome: "succeeded", startedUnixMs, unixMs } as const;
}

/** The bytes of a frame of an end with this header, and a body that goes on as a number does. */
function endWith(header: string): Buffer {
  const bytes = Buffer.from(`.......${header}123}`);
  bytes.writeUInt32BE(bytes.length - 4, 0);
  bytes.writeUInt8(14, 4);
  bytes.writeUInt16BE(header.length, 5);
  return bytes;
}

describe("frames", () => {
  it("come out as they went in", () => {
    const frame = execute(1, "hello");
    expect(new FrameDecoder().push(encodeFrame(frame))).toEqual([frame]);
  });

  it.each<[string, Frame["kind"], object]>([
    ["a first attempt of a root", "execute", { attempt: 1, execution: "x1", number: 1, run: "x1", task: "a task" }],
    ["letters that JSON escapes", "execute", { attempt: 2, execution: 'a"b', number: 1, run: "\\", task: "\n" }],
    [
      "a deadline and a trace",
      "execute",
      {
        ...{ attempt: 3, execution: "x", number: 2, run: "y", task: "t" },
        ...{ deadlineUnixMs: 1.5, traceparent: "00-a-b-01", tracestate: 'k="v"', unsampled: true },
      },
    ],
    ["a success", "ended", { attempt: 4, outcome: "succeeded", unixMs: 1_795_447_000_123, startedUnixMs: 5 }],
    ["a success of the largest numbers", "ended", plainEnd(999_999_999_999_999, 10 ** 14, 0)],
    ["a success at no whole time", "ended", plainEnd(4, 1.5, 1e300)],
    ["a success before time began", "ended", plainEnd(4, -5, 1e15)],
    ["an end that had no beginning", "ended", { attempt: 5, outcome: "cancelled", unixMs: 6 }],
    [
      "a failure",
      "ended",
      { attempt: 6, outcome: "failed", unixMs: 7, failure: { reason: "TASK_FAILED", message: "ä" } },
    ],
  ])("have the header that they were given: %s", (_, kind, header) => {
    const frame = { kind, header, body: new Uint8Array() } as Frame;
    expect(new FrameDecoder().push(encodeFrame(frame))).toEqual([frame]);
  });

  it.each([
    plainEnd(4, 5, 1_795_447_000_123),
    plainEnd(0, 10, 100),
    plainEnd(9, 99, 1_000_000_000_001),
    plainEnd(10_000_000, 9_999_999, 99_999_999),
  ])("of a success have the header that JSON makes: %o", (header) => {
    const bytes = encodeFrame({ kind: "ended", header, body: new Uint8Array() });
    expect(bytes.subarray(7).toString()).toBe(JSON.stringify(header));
  });

  it.each([
    '{"attempt":1,"outcome":"succeeded","startedUnixMs":2,"unixMs":3, "more":4}',
    '{"attempt":1,"outcome":"succeeded","startedUnixMs":2,"unixMs":3 }',
    '{"unixMs":3,"startedUnixMs":2,"attempt":1,"outcome":"succeeded"}',
    '{"attempt":1,"outcome":"failed","startedUnixMs":2,"unixMs":3}',
    '{"attempt":1,"outcome":"succeeded","startedUnixMs":2.5,"unixMs":-3}',
    '{"attempt":1234567890123456,"outcome":"succeeded","startedUnixMs":2,"unixMs":3}',
    '{"attempt":1,"outcome":"succeeded"}',
    "{}",
  ])("may have another header for an end: %s", (header) => {
    expect(new FrameDecoder().push(endWith(header))).toMatchObject([
      { kind: "ended", header: JSON.parse(header) as object },
    ]);
  });

  it.each([
    '{"attempt":01,"outcome":"succeeded","startedUnixMs":2,"unixMs":3}',
    '{"attempt":,"outcome":"succeeded","startedUnixMs":2,"unixMs":3}',
    '{"attempt":1,"outcome":"succeeded","startedUnixMs":2,"unixMs":3',
    '{"attempt":1',
  ])("do not end with what is no JSON: %s", (header) => {
    expect(() => new FrameDecoder().push(endWith(header))).toThrow(ProtocolError);
  });

  it("are laid out as docs/runner-protocol.md says", () => {
    const bytes = encodeFrame({ kind: "cancel", header: { attempt: 7 }, body: new Uint8Array([9]) });
    const header = '{"attempt":7}';
    const expected = [0, 0, 0, 1 + 2 + header.length + 1, 3, 0, header.length, ...Buffer.from(header), 9];
    expect([...bytes]).toEqual(expected);
  });

  it("may arrive in pieces of any size", () => {
    const frames = [
      execute(1, "one"),
      execute(2, ""),
      execute(3, "three".repeat(1_000)),
      execute(4, "x".repeat(9_000)),
    ];
    const bytes = Buffer.concat(frames.map(encodeFrame));
    for (const size of [1, 3, 7, 64, 4_096, 8_192, bytes.length]) {
      const decoder = new FrameDecoder();
      const received: Frame[] = [];
      for (let at = 0; at < bytes.length; at += size) received.push(...decoder.push(bytes.subarray(at, at + size)));
      expect(received).toEqual(frames);
    }
  });

  it("with small bodies do not keep what they came in", () => {
    const frames = [execute(1, "small"), execute(2, "x".repeat(20_000))];
    const [small] = new FrameDecoder().push(Buffer.concat(frames.map(encodeFrame)));
    expect(small?.body.buffer.byteLength).toBe(5);
  });

  it("over 65 MiB are not sent", () => {
    const body = new Uint8Array(65 * 1024 * 1024);
    expect(() => encodeFrame({ kind: "ended", header: { attempt: 1, unixMs: 0, outcome: "succeeded" }, body })).toThrow(
      RangeError,
    );
  });

  it.each([
    ["a length over the bound", [255, 255, 255, 255]],
    ["a length that has no room for a header", [0, 0, 0, 1, 2]],
    ["an unknown kind", [0, 0, 0, 5, 99, 0, 2, 0x7b, 0x7d]],
    ["a header longer than its frame", [0, 0, 0, 5, 2, 0, 9, 0x7b, 0x7d]],
    ["a header that is not JSON", [0, 0, 0, 5, 2, 0, 2, 0x7b, 0x7b]],
    ["a header that is not an object", [0, 0, 0, 4, 2, 0, 1, 0x31]],
  ])("with %s end the connection", (_what, bytes) => {
    expect(() => new FrameDecoder().push(Buffer.from(bytes))).toThrow(ProtocolError);
  });
});

describe("a frame socket", () => {
  const folder = mkdtempSync(join(tmpdir(), "hearth-frames-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("sends what was ready in one tick with one write, in order", async () => {
    const path = join(folder, "socket");
    const chunks: Buffer[] = [];
    const accepted = Promise.withResolvers<Socket>();
    const server = createServer((socket) => {
      socket.on("data", (chunk) => chunks.push(chunk));
      accepted.resolve(socket);
    }).listen(path);
    const closed = vi.fn();
    const sender = new FrameSocket(createConnection(path), { receive: () => undefined, closed });
    await accepted.promise;
    const frames = Array.from({ length: 100 }, (_, index) => execute(index, `${index}`));
    frames.forEach((frame) => sender.send(frame));
    await vi.waitFor(() => expect(Buffer.concat(chunks).length).toBe(Buffer.concat(frames.map(encodeFrame)).length));
    expect(chunks).toHaveLength(1);
    expect(new FrameDecoder().push(Buffer.concat(chunks))).toEqual(frames);
    (await accepted.promise).end("not a frame at all");
    await vi.waitFor(() => expect(closed).toHaveBeenCalledWith(expect.any(ProtocolError)));
    server.close();
  });

  it("sends large bodies in their place among small ones", async () => {
    const path = join(folder, "large");
    const received: Frame[] = [];
    const server = createServer((socket) => {
      const decoder = new FrameDecoder();
      socket.on("data", (chunk: Buffer) => received.push(...decoder.push(chunk)));
    }).listen(path);
    const sender = new FrameSocket(createConnection(path), { receive: () => undefined, closed: () => undefined });
    const frames = Array.from({ length: 60 }, (_, index) =>
      execute(index, `${index}`.repeat(index % 3 === 0 ? 50_000 : 1)),
    );
    frames.forEach((frame) => sender.send(frame));
    await vi.waitFor(() => expect(received).toHaveLength(frames.length));
    expect(received).toEqual(frames);
    sender.end();
    server.close();
  });

  it("counts the printed text that waits for a reader that is slow, and sends all of it in the end", async () => {
    const path = join(folder, "slow");
    const accepted = Promise.withResolvers<Socket>();
    const server = createServer((socket) => accepted.resolve(socket.pause())).listen(path);
    const sender = new FrameSocket(createConnection(path), { receive: () => undefined, closed: () => undefined });
    const reader = await accepted.promise;
    const log: Frame = { kind: "log", header: { attempt: 1, stream: "stdout" }, body: Buffer.alloc(64 * 1024) };
    const end: Frame = {
      kind: "ended",
      header: { attempt: 1, unixMs: 1, outcome: "succeeded" },
      body: Buffer.alloc(0),
    };
    for (let sent = 0; sent < 32; sent += 1) sender.send(log);
    await vi.waitFor(() => expect(sender.waitingOutputBytes).toBe(0));
    for (let sent = 0; sent < 32; sent += 1) sender.send(log);
    sender.send(end);
    expect(sender.waitingOutputBytes).toBe(2 * 2 ** 20);
    const decoder = new FrameDecoder();
    const received: Frame[] = [];
    reader.on("data", (chunk: Buffer) => received.push(...decoder.push(chunk))).resume();
    await vi.waitFor(() => expect(received.at(-1)?.kind).toBe("ended"));
    expect(received).toHaveLength(65);
    expect(sender.waitingOutputBytes).toBe(0);
    reader.destroy();
    server.close();
  });
});
