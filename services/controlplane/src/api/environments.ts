import type { Clock } from "@hearth/clock";
import { HearthError } from "@hearth/errors";
import type { Environment, EnvironmentSpec } from "../core/environment.ts";
import { completePolicy, type Policy, type PolicyRequest } from "@hearth/policy";
import type { Pools } from "../core/pool-view.ts";
import { findSpecProblem } from "../core/validate-environment.ts";
import type { BundleStore } from "../io/bundle-store.ts";
import type { Catalogue } from "../io/catalogue.ts";
import type { EnvironmentStore } from "../io/environment-store.ts";
import type { ReplicaProvider } from "../io/replica-provider.ts";
import { isDeepStrictEqual } from "node:util";
import { linesOf } from "./line-stream.ts";
import { OneAtATime } from "./one-at-a-time.ts";
import { versionId } from "./version-id.ts";

/** Changes environments: in the store first, then for routers and agents, then for the pools. */
export class Environments {
  readonly #clock: Clock;
  readonly #store: EnvironmentStore;
  readonly #bundles: BundleStore;
  readonly #catalogue: Catalogue;
  readonly #provider: ReplicaProvider;
  readonly #pools: Pools;
  readonly #turns = new OneAtATime();

  constructor(options: {
    readonly clock: Clock;
    readonly store: EnvironmentStore;
    readonly bundles: BundleStore;
    readonly catalogue: Catalogue;
    readonly provider: ReplicaProvider;
    readonly pools: Pools;
  }) {
    this.#clock = options.clock;
    this.#store = options.store;
    this.#bundles = options.bundles;
    this.#catalogue = options.catalogue;
    this.#provider = options.provider;
    this.#pools = options.pools;
  }

  async get(name: string): Promise<Environment> {
    const environment = await this.#store.get(name);
    if (environment === undefined) {
      throw new HearthError("ENVIRONMENT_NOT_FOUND", `No environment "${name}" is deployed: deploy it first.`);
    }
    return environment;
  }

  list(): Promise<readonly Environment[]> {
    return this.#store.list();
  }

  /** Yields the lines of the image's build and returns the environment. Stores nothing before all of it is known to be good. */
  async *deploy(spec: EnvironmentSpec, request: PolicyRequest | undefined): AsyncGenerator<string, Environment> {
    const problem = findSpecProblem(spec);
    if (problem !== undefined) throw new HearthError(problem.reason, `The environment is refused: ${problem.message}`);
    const asked = request === undefined ? undefined : validPolicy(request);
    if (!(await this.#bundles.has(spec.bundleSha256))) {
      throw new HearthError(
        "BUNDLE_NOT_FOUND",
        `No bundle ${spec.bundleSha256} was uploaded: upload it with BundleService.UploadBundle first.`,
      );
    }
    yield* linesOf((onLine) => this.#provider.prepare(spec, onLine));
    return this.#turns.do(spec.name, async () => {
      const present = await this.#store.get(spec.name);
      return this.#put(present, await this.#deployed(spec, present, asked ?? present?.policy ?? validPolicy({})));
    });
  }

  updatePolicy(name: string, request: PolicyRequest): Promise<Environment> {
    return this.#turns.do(name, async () => {
      const present = await this.get(name);
      return this.#put(present, { ...present, policy: validPolicy(request) });
    });
  }

  /** Returns how many replicas there are going to be. */
  async warmUp(name: string, replicas: number): Promise<number> {
    const { policy } = await this.get(name);
    const wanted = Math.min(replicas === 0 ? Math.max(1, policy.minReplicas) : replicas, policy.maxReplicas);
    this.#pools.warmUp(name, wanted);
    return wanted;
  }

  delete(name: string): Promise<void> {
    return this.#turns.do(name, async () => {
      await this.get(name);
      // Routers must not admit what nobody will run: they are told first, and told again should the store fail.
      await this.#catalogue.remove(name);
      await this.#store.delete(name);
      this.#pools.environmentDeleted(name);
    });
  }

  async #deployed(spec: EnvironmentSpec, present: Environment | undefined, policy: Policy): Promise<Environment> {
    const now = this.#clock.now();
    const id = versionId(spec);
    const earlier = await this.#store.getVersion(spec.name, id);
    return {
      name: spec.name,
      version: earlier ?? { id, spec, createdAtMs: now },
      policy,
      createdAtMs: present?.createdAtMs ?? now,
      updatedAtMs: present?.updatedAtMs ?? now,
    };
  }

  /** What equals the present environment is not written again. */
  async #put(present: Environment | undefined, wanted: Environment): Promise<Environment> {
    if (present !== undefined && sameUse(present, wanted)) return present;
    const environment = { ...wanted, updatedAtMs: this.#clock.now() };
    await this.#store.put(environment);
    try {
      await this.#catalogue.put(environment);
    } catch (error) {
      // What routers cannot know of is not deployed.
      await (present === undefined ? this.#store.delete(wanted.name) : this.#store.put(present));
      throw error;
    }
    this.#pools.environmentChanged(environment);
    return environment;
  }
}

function validPolicy(request: PolicyRequest): Policy {
  const decision = completePolicy(request);
  if (decision.kind === "invalid") {
    throw new HearthError("INVALID_POLICY", `The policy is refused: ${decision.problem}`);
  }
  return decision.policy;
}

function sameUse(a: Environment, b: Environment): boolean {
  return a.version.id === b.version.id && isDeepStrictEqual(a.policy, b.policy);
}
