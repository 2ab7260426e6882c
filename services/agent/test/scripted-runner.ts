/**
 * A runner that a test starts as a real process. What it does with an attempt depends on the task:
 * echo: returns its arguments. hold: ends only when cancelled. deaf: does not even end then. mute: nor does the runner answer from then on. print: prints its arguments, then returns. exit: exits with
 * code 3. abandon: too, and leaves a process behind that holds its output open. hoard <n>: holds n MiB. babble: writes to its own stderr and kills itself. call <n>: calls itself with n-1 and parks; with 0 it returns;
 * with "large" its child gets 5 MiB.
 * give up: calls "call", parks, cancels that call, and returns how it ended. large <n>: returns n bytes; large and exit <n>: and exits at once. measure: returns how many bytes its arguments have. nonsense: sends frames
 * whose headers have fields of wrong types, says again that it is loaded, then fails with a failure of such fields. garbage: sends bytes that are no frame. Loading fails when the
 * environment is "broken"; when it is "deadly" the runner dies of it, while the file of DEADLY_UNTIL is not there.
 */
import { FrameSocket, type Frame } from "@hearth/runner-protocol";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createConnection } from "node:net";

const socket = createConnection(process.env["HEARTH_RUNNER_SOCKET"] ?? "");
const runner = new FrameSocket(socket, { receive, closed: () => process.exit(0) });
const nothing = new Uint8Array();
const parents = new Map<number, number>();
const givenUp = new Set<number>();
const deaf = new Set<number>();
let isMute = false;
const hoard: Buffer[] = [];
let calls = 0;

runner.send({ kind: "hello", header: { pid: process.pid, language: "node", runtime: "test" }, body: nothing });

function receive(frame: Frame): void {
  switch (frame.kind) {
    case "load":
      if (frame.header.environment === "deadly" && !existsSync(process.env["DEADLY_UNTIL"] ?? ""))
        return process.exit(9);
      if (frame.header.environment !== "broken") return runner.send({ kind: "loaded", header: {}, body: nothing });
      return runner.send({
        kind: "loadFailed",
        header: { failure: { reason: "CODE_IMPORT_FAILED", message: "no module named numpy" } },
        body: nothing,
      });
    case "execute":
      return execute(frame);
    case "cancel":
      if (deaf.has(frame.header.attempt)) return;
      return end(frame.header.attempt, nothing, "cancelled");
    case "ping":
      if (!isMute) runner.send({ kind: "pong", header: {}, body: nothing });
      return;
    case "callEnded": {
      const parent = parents.get(frame.header.call) ?? 0;
      if (givenUp.has(frame.header.call)) return end(parent, Buffer.from(frame.header.outcome));
      return end(
        parent,
        frame.body,
        frame.header.outcome === "succeeded" ? "succeeded" : "failed",
        frame.header.failure?.reason,
      );
    }
    default:
      throw new Error(`unexpected ${frame.kind}`);
  }
}

/** More than a message holds. */
const largeBytes = 5 * 1024 * 1024;

function execute({ header, body }: Extract<Frame, { kind: "execute" }>): void {
  const { attempt } = header;
  const text = Buffer.from(body).toString();
  switch (header.task) {
    case "echo":
      return end(attempt, body);
    case "hold":
      return;
    case "abandon":
      spawn("sleep", ["60"], { stdio: ["ignore", "inherit", "inherit"], detached: true }).unref();
      process.exit(3);
    case "mute":
      isMute = true;
      deaf.add(attempt);
      return;
    case "deaf":
      deaf.add(attempt);
      return;
    case "print":
      runner.send({ kind: "log", header: { attempt, stream: "stdout" }, body });
      return end(attempt, nothing);
    case "hoard":
      hoard.push(Buffer.alloc(Number(text) * 2 ** 20, 1));
      return;
    case "exit":
      return process.exit(3);
    case "babble":
      process.stderr.write("the last words\n", () => process.kill(process.pid, "SIGKILL"));
      return;
    case "call": {
      if (text === "0") return end(attempt, body);
      const call = ++calls;
      parents.set(call, attempt);
      const environment = process.env["HEARTH_ENVIRONMENT"] ?? "";
      runner.send({
        kind: "call",
        header: { call, attempt, environment, task: "call" },
        body: text.startsWith("large") ? new Uint8Array(largeBytes) : Buffer.from(`${Number(text) - 1}`),
      });
      return runner.send({ kind: "park", header: { attempt }, body: nothing });
    }
    case "give up": {
      const call = ++calls;
      parents.set(call, attempt);
      givenUp.add(call);
      const environment = process.env["HEARTH_ENVIRONMENT"] ?? "";
      runner.send({ kind: "call", header: { call, attempt, environment, task: "call" }, body: Buffer.from("0") });
      runner.send({ kind: "park", header: { attempt }, body: nothing });
      return runner.send({ kind: "cancelCall", header: { call }, body: nothing });
    }
    case "measure":
      return end(attempt, Buffer.from(`${body.length}`));
    case "large":
      return end(attempt, new Uint8Array(Number(text)));
    case "large and exit":
      end(attempt, new Uint8Array(Number(text)));
      runner.end();
      return void socket.on("finish", () => process.exit(0));
    case "nonsense": {
      const wrong: readonly unknown[] = [null, 7, "__proto__", {}, [], true];
      const say = (kind: string, sent: object): void => runner.send({ kind, header: sent, body } as never);
      for (const value of wrong) {
        say("log", { attempt, stream: value });
        for (const kind of ["ended", "log", "call", "cancelCall", "park"]) say(kind, { attempt: value, call: value });
        say("call", { attempt, call: value, environment: value, task: value, policy: value, priority: value });
      }
      say("loaded", {});
      const failure = { reason: 7, message: {}, exceptionType: [], traceback: null };
      return say("ended", { attempt, outcome: { toString: "failed" }, unixMs: "now", startedUnixMs: {}, failure });
    }
    case "garbage":
      socket.write(Buffer.from("this is not a frame at all"));
      return;
    default:
      end(attempt, nothing, "failed", "TASK_NOT_FOUND");
  }
}

function end(
  attempt: number,
  body: Uint8Array,
  outcome: "succeeded" | "failed" | "cancelled" = "succeeded",
  reason = "CANCELLED",
): void {
  const failure = outcome === "succeeded" ? {} : { failure: { reason, message: "as the test wants" } };
  const times = { startedUnixMs: Date.now(), unixMs: Date.now() };
  runner.send({ kind: "ended", header: { attempt, outcome, ...times, ...failure }, body });
}
