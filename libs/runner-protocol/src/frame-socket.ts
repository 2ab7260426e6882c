import type { Socket } from "node:net";
import { encodeFrame } from "./encode-frame.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import type { Frame } from "./frames.ts";

/** Frames over a socket. All that is sent in one tick leaves with one system call. */
export class FrameSocket {
  readonly #socket: Socket;
  #outgoing: Buffer[] = [];

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
    socket.on("error", (error) => (broken ??= error));
    socket.on("close", () => on.closed(broken));
  }

  send(frame: Frame): void {
    if (this.#outgoing.push(encodeFrame(frame)) === 1) setImmediate(() => this.#flush());
  }

  /** Sends what is waiting, then closes. */
  end(): void {
    this.#flush();
    this.#socket.end();
  }

  #flush(): void {
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    if (outgoing.length > 0 && this.#socket.writable) this.#socket.write(Buffer.concat(outgoing));
  }
}
