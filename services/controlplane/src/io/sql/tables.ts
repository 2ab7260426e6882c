import type { Generated } from "kysely";

/** Moments are milliseconds since 1970. Texts ending in `_json` hold core values as JSON. Flags are 0 or 1. */
export interface Tables {
  environments: {
    name: string;
    version_id: string;
    policy_json: string;
    created_ms: number;
    updated_ms: number;
  };
  environment_versions: {
    environment: string;
    id: string;
    spec_json: string;
    created_ms: number;
  };
  replicas: {
    id: string;
    environment: string;
    pool: string;
    version: string;
    state: string;
    start_reason: string;
    end_reason: string;
    slots: number;
    created_ms: number;
    ready_ms: number | null;
    draining_ms: number | null;
    ended_ms: number | null;
    policy_override_json: string | null;
    start_cause: string;
    idle_since_ms: number | null;
    executions: number;
    end_cause: string | null;
    replaces: string | null;
  };
  executions: {
    id: string;
    run_id: string;
    parent_id: string;
    environment: string;
    task: string;
    pool: string;
    phase: string;
    outcome: string;
    accepted_ms: number;
    ended_ms: number;
    result: Uint8Array | null;
    /** SHA-256 and size of payloads in the object store. */
    stored_arguments: string | null;
    stored_arguments_bytes: number | null;
    stored_result: string | null;
    stored_result_bytes: number | null;
    failure_json: string | null;
  };
  attempts: {
    execution_id: string;
    number: number;
    replica_id: string;
    version: string;
    runner_pid: number;
    cold: number;
    wait_reason: string;
    dispatched_ms: number;
    started_ms: number;
    ended_ms: number;
    outcome: string;
    failure_json: string | null;
    waited_ms: number;
  };
  log_lines: {
    cursor: Generated<number>;
    run_id: string;
    execution_id: string;
    attempt: number;
    unix_ms: number;
    stream: string;
    text: string;
    sequence: number;
    entry: number;
  };
  /** Up to where streams were read. None: not at all. */
  stream_positions: {
    stream: string;
    sequence: number;
    stored_ms: number;
  };
}
