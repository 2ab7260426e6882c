import { create, equals } from "@bufbuild/protobuf";
import {
  ReusePolicySchema,
  WatchPoolResponseSchema,
  type EnvironmentService,
  type WatchPoolResponse,
} from "@hearth/proto";
import { policyFromMessage } from "@hearth/policy/wire";
import type { Handlers } from "@hearth/rpc";
import type { Pools } from "../core/pool-view.ts";
import type { ChangeFeed } from "../io/change-feed.ts";
import { environmentToMessage, specFromMessage } from "../io/wire/environment-message.ts";
import type { ReplicaStore } from "../io/replica-store.ts";
import { poolToMessage, replicaToMessage } from "../io/wire/pool-message.ts";
import type { Environments } from "./environments.ts";
import { pause } from "./pause.ts";

/** Changes of pools that are this close together come as one. */
const coalesceMs = 50;

export function environmentHandlers(options: {
  readonly environments: Environments;
  readonly pools: Pools;
  readonly replicas: ReplicaStore;
  /** Tells under an environment's name when its pools change. */
  readonly feed: ChangeFeed;
}): Handlers<typeof EnvironmentService> {
  const { environments, pools, replicas, feed } = options;
  return {
    async *deployEnvironment({ spec, policy }) {
      const request = policy === undefined ? undefined : policyFromMessage(policy);
      const steps = environments.deploy(specFromMessage(spec), request);
      for (;;) {
        const step = await steps.next();
        if (step.done === true) {
          yield { event: { case: "environment", value: environmentToMessage(step.value) } };
          return;
        }
        yield { event: { case: "logLine", value: step.value } };
      }
    },
    async getEnvironment({ name }) {
      return { environment: environmentToMessage(await environments.get(name)) };
    },
    async listEnvironments() {
      return { environments: (await environments.list()).map(environmentToMessage) };
    },
    async updatePolicy({ name, policy }) {
      const request = policyFromMessage(policy ?? create(ReusePolicySchema));
      return { environment: environmentToMessage(await environments.updatePolicy(name, request)) };
    },
    async deleteEnvironment({ name }) {
      await environments.delete(name);
      return {};
    },
    async warmEnvironment({ name, replicas }) {
      return { replicas: await environments.warmUp(name, replicas) };
    },
    async listReplicas({ environment, limit }) {
      await environments.get(environment);
      const records = await replicas.listRecent(environment, limit === 0 ? 50 : Math.min(limit, 1_000));
      const live = new Map(pools.pools(environment).flatMap((pool) => pool.replicas.map((one) => [one.id, one])));
      return { replicas: records.map((record) => replicaToMessage(live.get(record.id) ?? record, record)) };
    },
    async *watchPool({ name }, { signal }) {
      await environments.get(name);
      using watch = feed.watch([name], signal);
      let sent: WatchPoolResponse | undefined;
      do {
        const state = create(WatchPoolResponseSchema, { pools: pools.pools(name).map(poolToMessage) });
        // Replicas announce themselves every 1.1 s, mostly to say nothing new.
        if (sent === undefined || !equals(WatchPoolResponseSchema, sent, state)) yield state;
        sent = state;
        await pause(coalesceMs, signal);
      } while ((await watch.next()) !== undefined);
    },
  };
}
