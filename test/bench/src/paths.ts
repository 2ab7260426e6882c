import { join } from "node:path";

export const root = join(import.meta.dirname, "..", "..", "..");
/** The build that is measured: this checkout's, or another one to compare with. */
export const dist = process.env["HEARTH_BENCH_DIST"] ?? join(root, "dist");
/** The programs whose tasks are measured. */
export const programs = join(import.meta.dirname, "programs");
/** What peers need is installed here, once. */
export const peerCache = join(root, ".cache", "bench");
