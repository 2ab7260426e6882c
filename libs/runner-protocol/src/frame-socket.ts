import { Soon } from "@hearth/clock";
import type { Socket } from "node:net";
import { FrameBuffer } from "./encode-frame.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import type { Frame } from "./frames.ts";
import { GatheredOutput } from "./gathered-output.ts";

/** So much output leaves at once: code that lets nothing else run is heard as well. */
const outputFlushBytes = 64 * 1024;

/** Larger bodies leave from where they are: a copy would cost more than a system call with many parts. */
const uncopiedBytesMin = 4 * 1024;

/** Frames over a socket. All that is sent while code is ready to run leaves with one system call, once the other side has read what came before. */
export class FrameSocket {
  readonly #socket: Socket;
  readonly #outgoing = new FrameBuffer();
  /** What goes before what is in there: large bodies, and what went before them. */
  #large: Uint8Array[] = [];
  /** The last of what is outgoing, while it may still grow. */
  #output: GatheredOutput | undefined;
  #outputBytes = 0;
  readonly #soon = new Soon(() => this.#flush());

  /** `receive` gets every frame in order. `closed` is called once, with what broke the connection if anything did. */
  constructor(
    socket: Socket,
    on: { readonly receive: (frame: Frame) => void; readonly closed: (error?: Error) => void },
  ) {
    this.#socket = socket;
    const decoder = new FrameDecoder();
    let broken: Error | undefined;
    socket.on("data", (chunk: Buffer) => {
      try {
        decoder.push(chunk).forEach(on.receive);
      } catch (error) {
        broken = error as Error;
        socket.destroy();
      }
    });
    socket.on("drain", () => this.#flush());
    socket.on("error", (error) => (broken ??= error));
    socket.on("close", () => on.closed(broken));
  }

  /** What waits here of printed text. */
  get waitingOutputBytes(): number {
    return this.#outputBytes;
  }

  send(frame: Frame): void {
    this.#soon.plan();
    if (frame.kind !== "log") return this.#push(frame);
    this.#outputBytes += frame.body.length;
    if (this.#output?.takes(frame) !== true) {
      this.#sealOutput();
      if (frame.header.dropped === undefined) this.#output = new GatheredOutput(frame);
      else this.#push(frame);
    }
    if (this.#outputBytes >= outputFlushBytes) this.#flush();
  }

  /** Sends what is waiting, then closes. */
  end(): void {
    this.#write();
    this.#socket.end();
  }

  #flush(): void {
    if (!this.#socket.writableNeedDrain) this.#write();
  }

  #push(frame: Frame): void {
    this.#sealOutput();
    if (frame.body.length < uncopiedBytesMin) return this.#outgoing.add(frame);
    this.#outgoing.addStart(frame);
    this.#large.push(this.#outgoing.take(), frame.body);
  }

  #sealOutput(): void {
    if (this.#output !== undefined) this.#outgoing.add(this.#output.frame());
    this.#output = undefined;
  }

  #write(): void {
    this.#sealOutput();
    const large = this.#large;
    const bytes = this.#outgoing.take();
    this.#large = [];
    this.#outputBytes = 0;
    if (!this.#socket.writable) return;
    if (large.length === 0) {
      if (bytes.length > 0) this.#socket.write(bytes);
      return;
    }
    // One system call takes them from where they are.
    this.#socket.cork();
    for (const part of large) this.#socket.write(part);
    if (bytes.length > 0) this.#socket.write(bytes);
    this.#socket.uncork();
  }
}
