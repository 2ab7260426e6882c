import { subjects } from "@hearth/bus";
import { fromBinary } from "@bufbuild/protobuf";
import { ReplicaState, SlotAnnouncementSchema } from "@hearth/proto";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startDev, type Dev } from "../e2e/support/dev.ts";
import { isAlive, processesMentioning, type FoundProcess } from "../e2e/support/processes.ts";
import { deploy, languages } from "../e2e/support/programs.ts";
import { checkout } from "../e2e/support/run-hearth.ts";
import { victim } from "./words.ts";

/** A whole Hearth that the storm goes over. */
export interface Target extends AsyncDisposable {
  readonly dev: Dev;
  readonly bus: NatsConnection;
  /** Where the agent of an environment is reached. */
  agentOf(environment: string): Promise<string>;
  /** The processes whose life, memory and handles are looked at, by name. */
  readonly services: ReadonlyMap<string, number>;
  /** What the services logged so far that they did not expect. */
  defects(): readonly string[];
}

/** Replicas of every other environment end at once: however many the storm can ask for, they cost little. */
const agentCommand = [
  "sh",
  "-c",
  `case "$HEARTH_ENVIRONMENT" in probe-*|narrow-*) exec "$0" "$1";; *) sleep 0.2; exit 1;; esac`,
  process.execPath,
  join(checkout, "dist", "agent.mjs"),
];

export async function startTarget(): Promise<Target> {
  const dev = await startDev({ variables: { HEARTH_AGENT_COMMAND: JSON.stringify(agentCommand) } });
  for (const { file } of languages) await deploy(dev, file);
  const { environment } = await dev.environments.getEnvironment({ name: "probe-ts" });
  const spec = environment?.version?.spec;
  if (spec === undefined) throw new Error("probe-ts has no spec");
  const deploying = dev.environments.deployEnvironment({ spec: { ...spec, name: victim } })[Symbol.asyncIterator]();
  while ((await deploying.next()).done !== true);
  const bus = await connect({ servers: dev.addresses.nats });
  const isService = ({ command }: FoundProcess): boolean => /nats-server|(controlplane|router)\.mjs/.test(command);
  const services = new Map(
    processesMentioning(dev.stateDir)
      .filter((found) => isService(found))
      .map(({ pid, command }) => [/nats-server|controlplane|router/.exec(command)?.[0] ?? command, pid]),
  );
  return {
    dev,
    bus,
    services,
    async agentOf(name) {
      const heard = bus.subscribe(subjects.slots(name), { timeout: 10_000 });
      for await (const { data } of heard) {
        const { state, address } = fromBinary(SlotAnnouncementSchema, data);
        if (state === ReplicaState.READY) return address;
      }
      throw new Error(`no agent of ${name} announced itself`);
    },
    defects() {
      const folder = join(dev.stateDir, "logs");
      return readdirSync(folder).flatMap((name) =>
        readFileSync(join(folder, name), "utf8")
          .split("\n")
          .filter((line) => /unexpected (failure|ly)|failed unexpectedly|uncaught|unhandled|FATAL/i.test(line))
          .map((line) => `${name}: ${line.slice(0, 800)}`),
      );
    },
    async [Symbol.asyncDispose]() {
      await bus.close();
      await dev[Symbol.asyncDispose]();
    },
  };
}

/** Those that are no more, and the last they said. */
export function deadOf({ services, dev }: Target): readonly string[] {
  return [...services]
    .filter(([, pid]) => !isAlive(pid))
    .map(([name, pid]) => {
      const log = readFileSync(join(dev.stateDir, "logs", `${name.replace("nats-server", "nats")}.log`), "utf8");
      const mine = log.split("\n").findLastIndex((line) => line.includes(`"pid":${pid}`) || line.includes(`[${pid}]`));
      return `${name} is gone. ${log
        .split("\n")
        .slice(Math.max(0, mine - 2), mine + 25)
        .join("\n")}`;
    });
}

/** Resident memory in MiB and open files of a process. */
export function footprintOf(pid: number): { readonly mebibytes: number; readonly files: number } {
  const [, kibibytes = "0"] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return { mebibytes: Number(kibibytes) / 1024, files: readdirSync(`/proc/${pid}/fd`).length };
}
