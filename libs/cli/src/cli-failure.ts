/** Reasons that only the command line gives; all others are registered in libs/errors. */
export const cliReasons = {
  ALREADY_RUNNING: "Another `hearth dev` runs on the same folder.",
  NATS_SERVER_MISSING: "There is no nats-server to start.",
  NOT_BUILT: "The bundles of the services are missing.",
  NOT_READY: "Replicas that were waited for did not get ready in time.",
  PORT_TAKEN: "A port that was asked for is in use.",
  SERVICE_NOT_STARTING: "A service of `hearth dev` did not get ready.",
  STOPPED: "It was stopped before it was done.",
  TRACE_UNREADABLE: "A recorded workload cannot be read.",
  USAGE: "The command line cannot be understood.",
} as const;

export type CliReason = keyof typeof cliReasons;

/** Why the command line did not do what was asked; the message says what to change. */
export class CliFailure extends Error {
  override readonly name = "CliFailure";
  readonly reason: CliReason;

  constructor(reason: CliReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
