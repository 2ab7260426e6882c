import type { Attempt } from "@hearth/proto";
import { showDuration } from "./times.ts";

/** Whether an attempt found its replica warm. */
export function showStart(attempt: Attempt): "warm" | "cold" {
  return attempt.cold ? "cold" : "warm";
}

/** An attempt in one line: "1, warm, waited 12 ms (all 8 slots busy), replica r-1". */
export function attemptLine(attempt: Attempt): string {
  const why = attempt.waitReason === "" ? "" : ` (${attempt.waitReason})`;
  const waited = `waited ${showDuration(attempt.waitedMs)}${why}`;
  return `${attempt.number}, ${showStart(attempt)}, ${waited}, replica ${attempt.replicaId}`;
}
