import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const linesMax = 20;
const bytesMax = 16 * 1024;

/** The last lines of a file, at most 20 and 16 KiB. Empty when it cannot be read. */
export function lastLinesOf(path: string): readonly string[] {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return [];
  }
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, bytesMax));
    readSync(file, bytes, 0, bytes.length, size - bytes.length);
    return bytes
      .toString("utf8")
      .trimEnd()
      .split("\n")
      .slice(-linesMax)
      .filter((line) => line !== "");
  } finally {
    closeSync(file);
  }
}
