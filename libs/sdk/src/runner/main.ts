import { connect } from "node:net";
import { FrameSocket } from "@hearth/runner-protocol";
import { Runner } from "./runner.ts";

const path = process.env["HEARTH_RUNNER_SOCKET"];
if (path === undefined || path === "") {
  process.stderr.write("HEARTH_RUNNER_SOCKET must name the agent's socket; only an agent starts a runner.\n");
  process.exit(64);
}

const socket = connect(path);
const frames = new FrameSocket(socket, {
  receive: (frame) => runner.receive(frame),
  closed(error) {
    if (error !== undefined) process.stderr.write(`The connection to the agent broke: ${error.message}\n`);
    process.exit(error === undefined ? 0 : 1);
  },
});
const runner = new Runner(frames, process.env["HEARTH_REPLICA_ID"] ?? "");
socket.once("connect", () => runner.start());
// User code may end the process: what it printed before is still sent.
process.on("exit", () => frames.end());
