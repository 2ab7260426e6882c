import type { Durations, Source } from "@hearth/simulation/workload";
import { InvalidArgumentError } from "commander";
import { duration, wholeNumber } from "../commands/arguments.ts";

/** Reads "50/s", "50/s:even", and "5..50/s@24h" for a rate that swings between two. */
export function rateArgument(text: string): Source {
  const [, low, high, unit, how] =
    /^(\d+(?:\.\d+)?)(?:\.\.(\d+(?:\.\d+)?))?\/(s|m|h)(:even|@.+)?$/.exec(text.trim()) ?? [];
  const seconds = { s: 1, m: 60, h: 3_600 }[unit ?? ""];
  if (low === undefined || seconds === undefined) throw new InvalidArgumentError(rateForm);
  const perSecond = Number(low) / seconds;
  if (high === undefined) {
    if (!(perSecond > 0) || perSecond > ratePerSecondMax || how?.startsWith("@")) {
      throw new InvalidArgumentError(rateForm);
    }
    return { kind: how === ":even" ? "even" : "poisson", perSecond };
  }
  const highPerSecond = Number(high) / seconds;
  const periodMs = how === undefined ? dayMs : how.startsWith("@") ? duration(how.slice(1)) : NaN;
  if (!(perSecond >= 0 && highPerSecond > perSecond && highPerSecond <= ratePerSecondMax && periodMs > 0)) {
    throw new InvalidArgumentError(rateForm);
  }
  return { kind: "wave", lowPerSecond: perSecond, highPerSecond, periodMs };
}

/** Reads "100@60s": so many at once, every so often. */
export function burstArgument(text: string): Source {
  const [executions = "", every, ...more] = text.split("@");
  if (every === undefined || more.length > 0) {
    throw new InvalidArgumentError("It must be executions@period, such as 100@60s.");
  }
  return {
    kind: "bursts",
    executions: wholeNumber({ min: 1, max: 1_000_000 })(executions),
    everyMs: duration(every),
  };
}

/** Reads "200ms", "200ms:exponential" (their mean) and "200ms:lognormal(p95=2s)" (their median). */
export function durationsArgument(text: string): Durations {
  const [, figure = "", kind, p95] = /^([^:]+)(?::(exponential|lognormal\(p95=([^)]+)\)))?$/.exec(text.trim()) ?? [];
  if (figure === "") throw new InvalidArgumentError(durationsForm);
  const ms = duration(figure);
  if (kind === undefined) return { kind: "constant", ms };
  if (p95 === undefined) return { kind: "exponential", meanMs: ms };
  const p95Ms = duration(p95);
  if (p95Ms < ms)
    throw new InvalidArgumentError(`The p95 of a lognormal distribution is not below its median ${figure}.`);
  return { kind: "lognormal", p50Ms: ms, p95Ms };
}

const dayMs = 86_400_000;
const ratePerSecondMax = 1_000_000;
const rateForm =
  "It must be a rate above 0 and at most 1000000/s, such as 50/s, 30/m or 50/s:even, or two of them that it swings between, such as 5..50/s@24h.";
const durationsForm = "It must be a duration such as 200ms, alone or as 200ms:exponential or 200ms:lognormal(p95=2s).";
