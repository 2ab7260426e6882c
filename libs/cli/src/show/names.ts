import { ExecutionPhase, Language, ReplicaState, Scope, type ReusePolicy } from "@hearth/proto";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { showDuration } from "./times.ts";

/** Words for the enumerations, in lower case. */
export function showPhase(phase: ExecutionPhase): string {
  return ExecutionPhase[phase].toLowerCase().replace("_", " ");
}

export function showReplicaState(state: ReplicaState): string {
  return ReplicaState[state].toLowerCase();
}

export function showLanguage(language: Language): string {
  return Language[language].toLowerCase();
}

/** Whether an execution in this phase goes on. */
export function isLive(phase: ExecutionPhase): boolean {
  return phase === ExecutionPhase.QUEUED || phase === ExecutionPhase.RUNNING;
}

/** A policy in one line, such as "1-4 replicas x 2 slots, idle 30 s, scaledown 30 s, global". */
export function showPolicy(policy: ReusePolicy | undefined): string {
  if (policy === undefined) return "";
  const { minReplicas, maxReplicas, concurrency, idleTtl, scaledownTtl, scope } = policy;
  const replicas = minReplicas === maxReplicas ? `${maxReplicas ?? 0}` : `${minReplicas ?? 0}-${maxReplicas ?? 0}`;
  const ttls = [idleTtl, scaledownTtl].map((ttl) => (ttl === undefined ? "" : showDuration(durationMs(ttl))));
  const shared = scope === Scope.RUN ? "run" : "global";
  return `${replicas} replicas x ${concurrency ?? 1} slots, idle ${ttls[0]}, scaledown ${ttls[1]}, ${shared}`;
}
