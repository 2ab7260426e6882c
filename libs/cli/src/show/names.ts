import { ExecutionPhase, Language, ReplicaState } from "@hearth/proto";

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
