import type { Environment } from "../core/environment.ts";

/** Deployed environments with their current version and policy. */
export interface EnvironmentStore {
  get(name: string): Promise<Environment | undefined>;
  /** By name. */
  list(): Promise<readonly Environment[]>;
  /** Stores version, policy and environment together or not at all. An earlier version of the same id is kept as it is. */
  put(environment: Environment): Promise<void>;
  /** Returns whether it was there. Its versions stay. */
  delete(name: string): Promise<boolean>;
  /** A version that is or was current. */
  getVersion(environment: string, id: string): Promise<Environment["version"] | undefined>;
}
