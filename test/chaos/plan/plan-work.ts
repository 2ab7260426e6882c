import { Random } from "@hearth/simulation";
import type { Work } from "./work.ts";

/** How a client asks. */
export type Way = "execute" | "stream" | "submit-watch" | "submit-get";

export interface PlannedAsk {
  /** Counted from the assignment's own moment. */
  readonly afterMs: number;
  /** Index of the router that is asked first. */
  readonly router: number;
  readonly way: Way;
}

/** One root execution, and who asks for it how often. */
export interface Assignment {
  /** Counted from the begin of the load. */
  readonly atMs: number;
  readonly work: Work;
  /** By an id of the client's own, or by an idempotency key alone. */
  readonly named: "id" | "key";
  /** The first ask, and its repeats. */
  readonly asks: readonly PlannedAsk[];
}

export const environments = ["chaos-py-1", "chaos-py-10", "chaos-ts-1", "chaos-ts-10"] as const;

/** Of some, so that they are too large to be inline. */
const lettersMax = 9 * 1024 * 1024;
/** What is bound takes longer than anybody waits. */
const endlessMs = 10 * 60_000;
const depthMax = 3;

/** The load of a run: the same for the same arguments. */
export function planWork(options: {
  readonly seed: number;
  readonly loadMs: number;
  readonly routers: number;
  /** Roots a second, on average. */
  readonly rate: number;
}): readonly Assignment[] {
  const random = new Random(options.seed);
  const assignments: Assignment[] = [];
  let atMs = 0;
  for (;;) {
    atMs += -Math.log(1 - random.next()) * (1_000 / options.rate);
    if (atMs >= options.loadMs) return assignments;
    assignments.push(planAssignment(`w${assignments.length}`, atMs, options.routers, random.fork()));
  }
}

function planAssignment(name: string, atMs: number, routers: number, random: Random): Assignment {
  const named = random.happens(0.25) ? "key" : "id";
  const ask = (afterMs: number): PlannedAsk => ({
    afterMs,
    router: random.between(0, routers - 1),
    way: planWay(named, random),
  });
  const repeats = random.happens(0.2) ? random.between(1, 2) : 0;
  const asks = [ask(0), ...Array.from({ length: repeats }, () => ask(random.between(50, 8_000)))];
  return { atMs: Math.round(atMs), work: planRoot(name, random), named, asks };
}

/** A stream's answers are known by the id that the client gave. */
function planWay(named: Assignment["named"], random: Random): Way {
  return random.pick<Way>(
    named === "key"
      ? ["execute", "submit-watch", "submit-get"]
      : ["execute", "stream", "stream", "submit-watch", "submit-get"],
  );
}

function planRoot(name: string, random: Random): Work {
  const kind = random.next();
  const work = planTree(name, random, 0);
  if (kind < 0.06) {
    const bound = { by: random.pick(["attempt", "deadline"] as const), ms: random.between(200, 3_000) };
    const call = { ...planTree(`${name}-0`, random, depthMax), sleepMs: endlessMs };
    return { ...work, calls: [call], fails: false, bound };
  }
  return kind < 0.14 ? { ...work, fails: false, failsFirst: random.between(1, 3) } : work;
}

function planTree(name: string, random: Random, depth: number): Work {
  const width = depth < depthMax && random.happens(depth === 0 ? 0.25 : 0.3) ? random.between(1, 4) : 0;
  return {
    name,
    environment: random.pick(environments),
    sleepMs: random.happens(0.08) ? random.between(1_000, 4_000) : random.between(0, 120),
    argumentLetters: planLetters(random, depth),
    resultLetters: planLetters(random, depth),
    fails: random.happens(0.1),
    failsFirst: 0,
    bound: undefined,
    calls: Array.from({ length: width }, (_, index) => planTree(`${name}-${index}`, random, depth + 1)),
  };
}

function planLetters(random: Random, depth: number): number {
  const kind = random.next();
  if (kind < (depth === 0 ? 0.02 : 0.01)) return random.between(lettersMax / 9, lettersMax);
  if (kind < 0.08) return random.between(20_000, 300_000);
  return random.between(100, 2_000);
}
