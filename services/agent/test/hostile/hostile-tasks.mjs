// The same tasks as in hostile_tasks.py: what code does that harms whoever shares its process, or tries to.
import { spawn } from "node:child_process";
import { closeSync, writeSync } from "node:fs";
import { Worker } from "node:worker_threads";

const started = [];

const tasks = {
  echo: (value) => value,
  whoami: () => process.pid,
  /** Waits until the next `let_go`. */
  hold: () => new Promise((resolve) => started.push(() => resolve("held"))),
  let_go: () => started.splice(0).forEach((resolve) => resolve()),
  close_files() {
    for (let file = 0; file < 256; file += 1) {
      try {
        closeSync(file);
      } catch {
        // It was not open.
      }
    }
  },
  leave: () => process.exit(3),
  crash: () => process.kill(process.pid, "SIGSEGV"),
  abort: () => process.abort(),
  large: () => "x".repeat(100_000_000),
  circular() {
    const value = [];
    value.push({ rows: value });
    return value;
  },
  /** Prints 50 MB, letting others run. */
  async flood() {
    for (let line = 0; line < 50_000; line += 1) {
      console.log("x".repeat(999));
      await new Promise((resolve) => setImmediate(resolve));
    }
  },
  /** Prints without end, and lets nothing else run. */
  flood_for_ever() {
    for (;;) console.log("x".repeat(999));
  },
  /** 10 MB past the runner's own capture of output. */
  flood_descriptors() {
    const chunk = Buffer.alloc(65_536, "x");
    for (let written = 0; written < 160 * chunk.length;) written += tryWrite(chunk);
  },
  /** Returns, and leaves threads that never end. */
  spin_threads() {
    for (let thread = 0; thread < 4; thread += 1) new Worker("for (;;);", { eval: true });
    return "spinning";
  },
  /** Children that would outlive their runner: one in its group, one in a session of its own. */
  leave_processes: () => [false, true].map((detached) => spawn("sleep", ["1000"], { detached, stdio: "inherit" }).pid),
};

/** A pipe that is full takes nothing, and says so as an error. */
function tryWrite(chunk) {
  try {
    return writeSync(1, chunk);
  } catch (error) {
    if (error.code !== "EAGAIN") throw error;
    return 0;
  }
}

const declared = Object.entries(tasks).map(([name, run]) => [name, { name, run, file: "", limits: {} }]);
const environment = { name: "hostile", image: undefined, resources: undefined, policy: undefined };
globalThis[Symbol.for("hearth.registry")].environments.set("hostile", { ...environment, tasks: new Map(declared) });
