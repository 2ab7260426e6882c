import type { Observer } from "@hearth/simulation";
import type { Recorder } from "@hearth/simulation/report";

type Agent = Parameters<NonNullable<Observer["agentChanged"]>>[0];

/** Takes down what happens in a cluster whose replicas have so many slots. */
export function record(recorder: Recorder, options: { readonly slots: number; readonly now: () => number }): Observer {
  const { slots, now } = options;
  const holding = new Map<Agent, number>();
  return {
    executionRejected: () => recorder.executionRejected(),
    executionEnded(execution, end) {
      const first = execution.attempts[0];
      recorder.executionEnded({
        arrivedAtMs: execution.acceptedAt,
        startedAtMs: first?.dispatchedAt,
        endedAtMs: now(),
        succeeded: end.outcome === "succeeded",
        cold: first?.cold ?? false,
      });
    },
    backlogChanged: (executions) => recorder.backlogChanged(executions, now()),
    agentChanged(agent) {
      const before = holding.get(agent) ?? 0;
      const after = agent.holding;
      if (after === before) return;
      recorder.busySlotsChanged(after - before, now());
      if ((after === 0) !== (before === 0)) recorder.busyReplicasChanged(after === 0 ? -1 : 1, now());
      if (after === 0) holding.delete(agent);
      else holding.set(agent, after);
    },
    controlPlaneDid(effect) {
      if (effect.kind === "start") recorder.replicaStarted({ cause: effect.replica.startCause, slots }, now());
      if (effect.kind !== "replicaChanged" || effect.replica.state !== "ended") return;
      recorder.replicaEnded({ cause: effect.replica.endCause ?? "EXITED", slots }, now());
    },
  };
}
