import type { Environment, Pool, Replica } from "@hearth/proto";
import { showBytes } from "./bytes.ts";
import { showLanguage, showReplicaState } from "./names.ts";
import { showPolicy } from "./policy.ts";
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
  if (pool.replicas.length > 0) lines.push(replicaTable(pool.replicas));
  return lines.join("\n");
}

/** Replicas for a person, with why each was started and why it ended. */
export function replicaTable(replicas: readonly Replica[]): string {
  return table(replicaHeadings, replicas.map(replicaRow));
}

const replicaHeadings = [
  "replica",
  "state",
  "busy",
  "executions",
  "memory",
  "runner",
  "version",
  "since",
  "started because",
  "ends because",
];

function replicaRow(replica: Replica): readonly string[] {
  return [
    replica.id,
    showReplicaState(replica.state),
    `${replica.busySlots}/${replica.slots}`,
    String(replica.executions),
    replica.memoryBytes === 0 ? "" : showBytes(replica.memoryBytes),
    replica.runnerPid === 0 ? "" : String(replica.runnerPid),
    replica.version,
    showMoment(replica.createdAt),
    showCause(replica.startCause, replica.startReason),
    showCause(replica.endCause, replica.endReason),
  ];
}

/** "BACKLOG: 3 executions wait"; either part may be missing. */
function showCause(cause: string, reason: string): string {
  // A reason may go on with the last lines of the replica's output.
  const [sentence = ""] = reason.split("\n");
  return [cause, sentence].filter((part) => part !== "").join(": ");
}
