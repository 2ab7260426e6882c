/** What kind of instrument a metric is recorded with. */
export type MetricKind = "counter" | "histogram" | "gauge";

export interface MetricDefinition {
  readonly kind: MetricKind;
  /** As UCUM writes it: "ms", or what is counted in braces. */
  readonly unit: string;
  /** What one point says. */
  readonly description: string;
  /** The only attributes its points have. Every one has few values: no id of an execution, run or replica. */
  readonly attributes: readonly string[];
}

/** Every metric that Hearth records, in alphabetical order. docs/metrics.md lists the same, and a test keeps them equal. */
export const metricDefinitions = {
  "hearth.attempts.retried": {
    kind: "counter",
    unit: "{attempt}",
    description: "Attempts that ended and were followed by another one",
    attributes: ["hearth.environment", "hearth.reason"],
  },
  "hearth.execution.duration": {
    kind: "histogram",
    unit: "ms",
    description: "From accepted to ended, all waits and attempts of an execution included",
    attributes: ["hearth.environment", "hearth.outcome"],
  },
  "hearth.execution.wait": {
    kind: "histogram",
    unit: "ms",
    description: "How long an attempt waited for its slot, recorded when it is dispatched",
    attributes: ["hearth.environment", "hearth.start"],
  },
  "hearth.executions.rejected": {
    kind: "counter",
    unit: "{execution}",
    description: "New executions that a router did not accept",
    attributes: ["hearth.reason"],
  },
  "hearth.pool.backlog": {
    kind: "gauge",
    unit: "{execution}",
    description: "Accepted executions without a slot, as one router has them",
    attributes: ["hearth.environment", "hearth.pool"],
  },
  "hearth.pool.desired": {
    kind: "gauge",
    unit: "{replica}",
    description: "Replicas the control plane wants",
    attributes: ["hearth.environment", "hearth.pool"],
  },
  "hearth.pool.replicas": {
    kind: "gauge",
    unit: "{replica}",
    description: "Replicas that have not ended",
    attributes: ["hearth.environment", "hearth.pool", "hearth.state"],
  },
  "hearth.replica.ends": {
    kind: "counter",
    unit: "{replica}",
    description: "Replicas that ended, however they did",
    attributes: ["hearth.environment", "hearth.cause"],
  },
  "hearth.replica.start_up": {
    kind: "histogram",
    unit: "ms",
    description: "From the decision to start a replica until its code was loaded",
    attributes: ["hearth.environment"],
  },
  "hearth.replica.starts": {
    kind: "counter",
    unit: "{replica}",
    description: "Replicas the control plane decided to start",
    attributes: ["hearth.environment", "hearth.cause"],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

type Definitions = typeof metricDefinitions;

/** The names of the metrics of one kind. */
export type MetricName<Kind extends MetricKind = MetricKind> = {
  [Name in keyof Definitions]: Definitions[Name]["kind"] extends Kind ? Name : never;
}[keyof Definitions];

/** What a point of a metric says about itself: each of its attributes, and no other. */
export type AttributesOf<Name extends MetricName> = Readonly<Record<Definitions[Name]["attributes"][number], string>>;
