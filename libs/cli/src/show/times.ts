import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";

/** A duration for a person: "12 ms", "3.4 s", "2 min 5 s", "3 h 12 min". */
export function showDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}

/** A moment for a person, in local time, to the second. Empty for an absent one. */
export function showMoment(moment: Timestamp | number | undefined): string {
  const ms = typeof moment === "object" ? timestampMs(moment) : (moment ?? 0);
  if (ms === 0) return "";
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** How long something took, or has taken by `nowMs`. Empty when it has not begun. */
export function showSpan(fromMs: number, toMs: number, nowMs: number): string {
  if (fromMs === 0) return "";
  return showDuration(Math.max(0, (toMs === 0 ? nowMs : toMs) - fromMs));
}
