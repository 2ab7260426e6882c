import type { Environment, Pool, Replica } from "@hearth/proto";
import { showLanguage, showPolicy, showReplicaState } from "./names.ts";
import { table } from "./table.ts";
import { showMoment } from "./times.ts";

/** An environment as a row: name, language, version, tasks, policy. */
export function environmentRow(environment: Environment): readonly string[] {
  const spec = environment.version?.spec;
  return [
    environment.name,
    spec === undefined ? "" : showLanguage(spec.language),
    environment.version?.id ?? "",
    spec?.tasks.map((task) => task.name).join(" ") ?? "",
    showPolicy(environment.policy),
  ];
}

/** Everything about an environment for a person. */
export function environmentSummary(environment: Environment): string {
  const [name, language, version, tasks, policy] = environmentRow(environment);
  return [
    `environment  ${name ?? ""}`,
    `language     ${language ?? ""}`,
    `version      ${version ?? ""}, deployed ${showMoment(environment.version?.createdAt)}`,
    `tasks        ${tasks ?? ""}`,
    `policy       ${policy ?? ""}`,
    `updated      ${showMoment(environment.updatedAt)}`,
  ].join("\n");
}

/** A pool for a person: how many replicas are wanted and why, and each of them. */
export function poolSummary(pool: Pool): string {
  const lines = [`${pool.name}: wants ${pool.desiredReplicas} replicas (${pool.reason}), backlog ${pool.backlog}`];
  if (pool.lastStartFailure !== "") lines.push(`last start failed: ${pool.lastStartFailure}`);
  if (pool.replicas.length > 0) lines.push(table(replicaHeadings, pool.replicas.map(replicaRow)));
  return lines.join("\n");
}

const replicaHeadings = ["replica", "state", "busy", "runner", "version", "since", "reason"];

function replicaRow(replica: Replica): readonly string[] {
  return [
    replica.id,
    showReplicaState(replica.state),
    `${replica.busySlots}/${replica.slots}`,
    replica.runnerPid === 0 ? "" : String(replica.runnerPid),
    replica.version,
    showMoment(replica.createdAt),
    replica.endReason || replica.startReason,
  ];
}
