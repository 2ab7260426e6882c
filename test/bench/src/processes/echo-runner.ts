/** What is left of a Node runner when it runs nothing: every "execute" is answered with an "ended" of the same body. */
import { FrameSocket } from "@hearth/runner-protocol";
import { connect } from "node:net";

const socket = new FrameSocket(connect(process.env["HEARTH_RUNNER_SOCKET"] ?? ""), {
  receive(frame) {
    if (frame.kind !== "execute") return;
    const header = { attempt: frame.header.attempt, outcome: "succeeded", unixMs: Date.now() } as const;
    socket.send({ kind: "ended", header, body: frame.body });
  },
  closed: () => process.exit(0),
});
socket.send({ kind: "hello", header: { pid: process.pid, language: "node", runtime: "echo" }, body: new Uint8Array() });
