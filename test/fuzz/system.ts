import { subjects } from "@hearth/bus";
import { fromBinary } from "@bufbuild/protobuf";
import { ReplicaState, SlotAnnouncementSchema, type SlotAnnouncement } from "@hearth/proto";
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
  /** Where an agent is reached whose life is looked at, and one that may be drained. */
  readonly agents: { readonly kept: string; readonly drained: string };
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
  await dev.environments.warmEnvironment({ name: "narrow-ts", replicas: 1 });
  const [kept, drained] = await Promise.all([heardOf(bus, "probe-ts"), heardOf(bus, "narrow-ts")]);
  const isService = ({ command }: FoundProcess): boolean => /nats-server|(controlplane|router)\.mjs/.test(command);
  const services = new Map(
    processesMentioning(dev.stateDir)
      .filter((found) => isService(found))
      .map(({ pid, command }) => [/nats-server|controlplane|router/.exec(command)?.[0] ?? command, pid]),
  );
  services.set("agent", kept.agentPid);
  return {
    dev,
    bus,
    services,
    agents: { kept: kept.address, drained: drained.address },
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

/** A ready agent of the environment, as it announces itself. */
async function heardOf(bus: NatsConnection, environment: string): Promise<SlotAnnouncement> {
  for await (const { data } of bus.subscribe(subjects.slots(environment), { timeout: 20_000 })) {
    const announcement = fromBinary(SlotAnnouncementSchema, data);
    if (announcement.state === ReplicaState.READY) return announcement;
  }
  throw new Error(`no agent of ${environment} announced itself`);
}

/** Those that are no more, and the last they said. */
export function deadOf({ services, dev }: Target): readonly string[] {
  return [...services]
    .filter(([, pid]) => !isAlive(pid))
    .map(([name, pid]) => {
      // What an agent says is in the log of who started it.
      const file = { "nats-server": "nats", agent: "controlplane" }[name] ?? name;
      const log = readFileSync(join(dev.stateDir, "logs", `${file}.log`), "utf8");
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
