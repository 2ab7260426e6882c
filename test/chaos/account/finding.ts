import type { Facts } from "./facts.ts";

/** Looks for one thing that must not happen, and tells of each in a sentence with the ids that find it in the logs. */
export type Checker = (facts: Facts) => readonly string[];
