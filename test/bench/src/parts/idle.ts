import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Bench, Part, PartResult } from "../part.ts";
import { startLineProcess } from "../processes/line-process.ts";
import { processorSeconds, residentMegabytes } from "../processes/process-figures.ts";
import { toRow, units } from "../row.ts";
import { environmentOf, startSystem, type Language, type System } from "../system.ts";

/** What replicas cost that have nothing to do. */
export const idle: Part = { name: "idle", about: "memory and messages of idle replicas", run };

const memoryMegabytesMax: Readonly<Record<Language, number>> = { node: 130, python: 90 };

async function run({ effort, say }: Bench): Promise<PartResult> {
  await using system = await startSystem();
  const languages = ["node", "python"] as const;
  for (const language of languages) await system.deploy(language, "noop");
  await system.stopControlPlane();
  say("idle: messages");
  const messages = await countMessages(system, Math.max(3_000, 5 * effort.measureMs));
  const memory = languages.map((language) => [language, replicaMegabytes(system, language)] as const);
  const replicas = Math.round(1_000 / effort.smaller);
  say(`idle: a router with ${replicas} idle replicas`);
  const load = await measureHerd(system, replicas, effort);
  const rows = [
    ...memory.map(([language, values]) =>
      toRow(`agent and idle ${language === "node" ? "Node" : "Python"} runner, resident`, values, units.megabytes, {
        atMost: memoryMegabytesMax[language],
      }),
    ),
    toRow("messages of an idle replica", messages, { name: "/s", decimals: 2 }, { atMost: 1 }),
    toRow(`a router with ${replicas.toLocaleString("en-GB")} idle replicas, of a core`, load, units.percent, {
      atMost: 5,
    }),
  ];
  return {
    rows,
    figures: { memoryMegabytes: Object.fromEntries(memory), messagesPerSecond: messages, routerPercent: load },
  };
}

function replicaMegabytes(system: System, language: Language): number[] {
  return system
    .replicas(environmentOf(language, "noop"))
    .map(({ agentPid, runnerPid }) => residentMegabytes(agentPid) + residentMegabytes(runnerPid));
}

/** Messages a second of each replica, by the time from its first to its last one. */
async function countMessages(system: System, forMs: number): Promise<number[]> {
  const times = new Map<string, number[]>();
  const subscription = system.bus.connection.subscribe("hearth.slots.>", {
    callback: (_error, { subject }) => void times.set(subject, [...(times.get(subject) ?? []), performance.now()]),
  });
  const other: string[] = [];
  const others = system.bus.connection.subscribe("hearth.>", {
    callback(_error, { subject }) {
      if (!subject.startsWith("hearth.slots.") && !subject.startsWith("hearth.demand.")) other.push(subject);
    },
  });
  await delay(forMs);
  subscription.unsubscribe();
  others.unsubscribe();
  if (other.length > 0) throw new Error(`Idle replicas also sent ${other.join(", ")}.`);
  return [...times.values()].map((at) => (at.length - 1) / ((at.at(-1)! - at[0]!) / 1_000));
}

/** Processor time of a router of its own, by what it has beyond one that knows no replica. */
async function measureHerd(
  system: System,
  replicas: number,
  { rounds, measureMs }: Bench["effort"],
): Promise<number[]> {
  const script = join(import.meta.dirname, "..", "processes", "herd.ts");
  const herd = await startLineProcess([process.execPath, script, String(replicas), system.natsUrl]);
  try {
    const { process: router } = await system.startRouter();
    const deadline = performance.now() + 30_000;
    // The router that the system began with attaches too.
    const attached = async (): Promise<number> => ((await herd.ask({})) as { readonly attached: number }).attached;
    while ((await attached()) < 2 * replicas) {
      if (performance.now() > deadline) throw new Error("The router did not attach to all replicas within 30 s.");
      await delay(100);
    }
    await delay(measureMs);
    const values: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const [before, from] = [processorSeconds(router.pid), performance.now()];
      // Processor time is counted in hundredths of a second.
      await delay(Math.max(2_000, measureMs));
      values.push(((processorSeconds(router.pid) - before) / ((performance.now() - from) / 1_000)) * 100);
    }
    return values;
  } finally {
    await herd.stop();
  }
}
