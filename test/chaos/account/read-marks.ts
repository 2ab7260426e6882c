import { existsSync, readFileSync } from "node:fs";
import type { AttemptMark } from "./facts.ts";

type Line = AttemptMark & { readonly mark: "start" | "end" };

/** What task code wrote. A line that its process was killed in the middle of is left out. */
export function readMarks(file: string): { readonly starts: AttemptMark[]; readonly ends: AttemptMark[] } {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const marks = lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as Line];
    } catch {
      return [];
    }
  });
  return { starts: marks.filter(({ mark }) => mark === "start"), ends: marks.filter(({ mark }) => mark === "end") };
}
