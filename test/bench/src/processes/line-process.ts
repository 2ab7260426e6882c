import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A process that prints a line of JSON when it is ready, and one for each line it is given. */
export interface LineProcess {
  readonly pid: number;
  /** What it said when it was ready. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** Gives it a line and waits for its answer. */
  ask(question: object): Promise<unknown>;
  /** Asks it to end and waits until it has; by force after five seconds. */
  stop(): Promise<void>;
}

/** How long the last of its output may take to arrive once it has ended. */
const lastWordsMs = 500;

/** Starts it and waits until it is ready. Throws with its last words when it ends before that. */
export async function startLineProcess(
  command: readonly string[],
  variables: NodeJS.ProcessEnv = {},
): Promise<LineProcess> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...variables } });
  const killWithUs = (): void => void child.kill("SIGKILL");
  process.setMaxListeners(100).once("exit", killWithUs);
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors = (errors + text).slice(-4_000)));
  const reader = createInterface({ input: child.stdout });
  const lines = reader[Symbol.asyncIterator]();
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", (error) => {
      errors += error.message;
      resolve();
    });
  });
  // What it started may hold its output open.
  void gone.then(() => setTimeout(() => reader.close(), lastWordsMs).unref());
  child.stdin.on("error", () => undefined);
  const answer = async (): Promise<unknown> => {
    for (;;) {
      const line = await lines.next();
      if (line.done === true) throw new Error(`${command.join(" ")} ended:\n${errors}`);
      // Libraries print what they like; only lines of JSON are meant for us.
      if (line.value.startsWith("{")) return JSON.parse(line.value);
    }
  };
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const force = setTimeout(killWithUs, 5_000);
    await gone;
    clearTimeout(force);
    process.off("exit", killWithUs);
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const ready = await answer().catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    pid: child.pid ?? 0,
    ready: ready as Record<string, unknown>,
    ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      return answer();
    },
    stop,
  };
}
