import type { Environment, EnvironmentSpec } from "../../core/environment.ts";
import type { EnvironmentStore } from "../environment-store.ts";
import { clean } from "./execution-rows.ts";
import type { Database } from "./open-database.ts";
import { storedPolicy } from "./stored-policy.ts";

export function sqlEnvironmentStore(database: Database): EnvironmentStore {
  const joined = database
    .selectFrom("environments as e")
    .innerJoin("environment_versions as v", (join) =>
      join.onRef("v.environment", "=", "e.name").onRef("v.id", "=", "e.version_id"),
    )
    .selectAll("e")
    .select(["v.spec_json", "v.created_ms as version_created_ms"]);
  return {
    async get(name) {
      const row = await joined.where("e.name", "=", clean(name)).executeTakeFirst();
      return row === undefined ? undefined : toEnvironment(row);
    },
    async list() {
      return (await joined.orderBy("e.name").execute()).map(toEnvironment);
    },
    async put(environment) {
      const { name, version, policy, createdAtMs, updatedAtMs } = environment;
      const row = {
        name,
        version_id: version.id,
        policy_json: JSON.stringify(policy),
        created_ms: createdAtMs,
        updated_ms: updatedAtMs,
      };
      await database.transaction().execute(async (transaction) => {
        await transaction
          .insertInto("environment_versions")
          .values({
            environment: name,
            id: version.id,
            spec_json: JSON.stringify(version.spec),
            created_ms: version.createdAtMs,
          })
          .onConflict((conflict) => conflict.columns(["environment", "id"]).doNothing())
          .execute();
        await transaction
          .insertInto("environments")
          .values(row)
          .onConflict((conflict) => conflict.column("name").doUpdateSet(row))
          .execute();
      });
    },
    async delete(name) {
      const { numDeletedRows } = await database.deleteFrom("environments").where("name", "=", name).executeTakeFirst();
      return numDeletedRows > 0n;
    },
    async getVersion(environment, id) {
      const row = await database
        .selectFrom("environment_versions")
        .selectAll()
        .where("environment", "=", environment)
        .where("id", "=", id)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      return { id, spec: JSON.parse(row.spec_json) as EnvironmentSpec, createdAtMs: row.created_ms };
    },
  };
}

function toEnvironment(row: {
  readonly name: string;
  readonly version_id: string;
  readonly policy_json: string;
  readonly created_ms: number;
  readonly updated_ms: number;
  readonly spec_json: string;
  readonly version_created_ms: number;
}): Environment {
  return {
    name: row.name,
    version: {
      id: row.version_id,
      spec: JSON.parse(row.spec_json) as EnvironmentSpec,
      createdAtMs: row.version_created_ms,
    },
    policy: storedPolicy(row.policy_json),
    createdAtMs: row.created_ms,
    updatedAtMs: row.updated_ms,
  };
}
