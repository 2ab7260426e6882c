import { join } from "node:path";

export const root = join(import.meta.dirname, "..", "..", "..");
export const dist = join(root, "dist");
/** The programs whose tasks are measured. */
export const programs = join(import.meta.dirname, "programs");
/** What peers need is installed here, once. */
export const peerCache = join(root, ".cache", "bench");
