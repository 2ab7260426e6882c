import { setTimeout as delay } from "node:timers/promises";
import { sendOne } from "../client.ts";
import type { Bench, Part, PartResult } from "../part.ts";
import { toRow, units } from "../row.ts";
import { environmentOf, startSystem, type Language, type System } from "../system.ts";

/** From no replica at all to the first result: the control plane decides, a process starts, loads and answers. */
export const coldStart: Part = { name: "cold-start", about: "from zero replicas to the first result", run };

async function run({ effort, say }: Bench): Promise<PartResult> {
  await using system = await startSystem();
  const languages = ["node", "python"] as const;
  for (const language of languages) await system.deploy(language, "first");
  const took = { node: [] as number[], python: [] as number[] };
  for (let round = 0; round <= effort.rounds; round++) {
    for (const language of languages) {
      say(`cold start, ${language}, round ${round} of ${effort.rounds}`);
      await noReplica(system, language);
      const sentAt = performance.now();
      await sendOne(system.router.client.sender(environmentOf(language, "first"), "first"));
      // The first one of an installation fills the caches of compiled code.
      if (round > 0) took[language].push(performance.now() - sentAt);
    }
  }
  const target = { atMost: 350 };
  const rows = [
    toRow("cold start, Node", took.node, units.wholeMs, target),
    toRow("cold start, Python", took.python, units.wholeMs, target),
  ];
  return { rows, figures: took };
}

/** The idle TTL is a second; what goes needs a moment to be gone for everybody. */
async function noReplica(system: System, language: Language): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (system.replicas(environmentOf(language, "first")).length > 0) {
    if (performance.now() > deadline) throw new Error("The last replica did not end within 30 s.");
    await delay(50);
  }
  await delay(500);
}
