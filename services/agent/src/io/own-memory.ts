import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** The memory of this process. */
export interface OwnMemory {
  /** What it has in memory, files included. */
  residentBytes(): number;
  /** Collects all garbage, and gives back what was kept to grow into. Nothing else happens meanwhile. */
  collect(): void;
}

export const ownMemory: OwnMemory = {
  residentBytes: () => process.memoryUsage.rss(),
  collect() {
    // Only a context that begins while the flag is set has the function. It is taken back because V8 does not use code
    // that was cached under other flags.
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as NodeJS.GCFunction;
    setFlagsFromString("--no-expose-gc");
    // Other flavors keep the space for new objects as large as it has grown.
    collect({ type: "major", execution: "sync", flavor: "last-resort" });
  },
};
