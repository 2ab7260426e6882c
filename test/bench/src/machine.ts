import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";
import { ensureNatsServer } from "../../../scripts/ensure-engines.ts";
import type { Peer } from "./peers/peer.ts";

/** What the figures were measured on. No names of hosts or people. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly versions: Readonly<Record<string, string>>;
}

export function describeMachine(peers: readonly Peer[]): Machine {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    versions: {
      Node: process.versions.node,
      Python: versionOf("python3"),
      "nats-server": versionOf(ensureNatsServer()),
      ...Object.fromEntries(peers.map(({ name, version }) => [name, version])),
    },
  };
}

function versionOf(command: string): string {
  const said = execFileSync(command, ["--version"], { encoding: "utf8" });
  return /\d+\.\d+\.\d+/.exec(said)?.[0] ?? said.trim();
}
