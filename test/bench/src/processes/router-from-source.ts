/**
 * A router as `buildRouter` makes it, with two things a product has no use for: with BENCH_JOURNAL=none its journal forgets
 * everything at once; and a line on its standard input is answered with the memory it holds after garbage collection.
 */
import { configure, onStopSignal } from "@hearth/config";
import type { JournalRecord } from "@hearth/proto";
import { buildRouter } from "@hearth/router/build";
import { routerSettings } from "@hearth/router/config";
import { JetStreamJournal, RecordBatch } from "@hearth/router/journal";
import { createInterface } from "node:readline";
import { memoryUsage } from "node:process";

const config = configure("A router to be measured.", routerSettings);

/** Says of everything at once that it is durable, and of itself that nobody has taken over. Ended executions are kept as with the real one. */
class ForgetfulJournal extends JetStreamJournal {
  #batch: RecordBatch | undefined;

  override append(record: JournalRecord) {
    this.#batch = new RecordBatch(this.#batch, 0);
    this.#batch.reach();
    return this.#batch.add(record);
  }
  override written(): Promise<void> {
    return Promise.resolve();
  }
  override get ownAt(): number {
    return Date.now();
  }
}

const journal = process.env["BENCH_JOURNAL"] === "none" ? ForgetfulJournal : JetStreamJournal;
const router = await buildRouter(config, (options) => new journal(options));
onStopSignal(() => void router.stop(0).then(() => process.exit(0)));

createInterface({ input: process.stdin }).on("line", () => {
  // The second one waits for what the first has left to others to free.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = memoryUsage();
  process.stdout.write(`${JSON.stringify({ heldBytes: heapUsed + external })}\n`);
});
process.stdout.write(`${JSON.stringify({ ready: true, grpcPort: router.grpcPort })}\n`);
