import { Soon } from "@hearth/clock";
import type { Socket } from "node:net";
import { encodeFrame, encodeFrameStart } from "./encode-frame.ts";
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
  #outgoing: Uint8Array[] = [];
  #hasLarge = false;
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
    const isLarge = frame.body.length >= uncopiedBytesMin;
    const bytes = isLarge ? encodeFrameStart(frame) : encodeFrame(frame);
    this.#sealOutput();
    this.#outgoing.push(bytes);
    if (!isLarge) return;
    this.#outgoing.push(frame.body);
    this.#hasLarge = true;
  }

  #sealOutput(): void {
    if (this.#output !== undefined) this.#outgoing.push(encodeFrame(this.#output.frame()));
    this.#output = undefined;
  }

  #write(): void {
    this.#sealOutput();
    const outgoing = this.#outgoing;
    const hasLarge = this.#hasLarge;
    this.#outgoing = [];
    this.#hasLarge = false;
    this.#outputBytes = 0;
    if (outgoing.length === 0 || !this.#socket.writable) return;
    if (!hasLarge) return void this.#socket.write(Buffer.concat(outgoing));
    // One system call takes them from where they are.
    this.#socket.cork();
    for (const bytes of outgoing) this.#socket.write(bytes);
    this.#socket.uncork();
  }
}
