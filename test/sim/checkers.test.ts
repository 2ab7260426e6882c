import { Slots, type SlotEffect, type SlotEvent } from "@hearth/agent/core";
import { PoolsMachine, type PoolsEffect, type PoolsEvent } from "@hearth/controlplane/core";
import { RouterMachine, type RouterEffect, type RouterEvent } from "@hearth/router/core";
import type { ClusterOptions } from "@hearth/simulation";
import { describe, expect, test } from "vitest";
import { whatWasToldStands } from "./checkers/what-was-told-stands.ts";
import { runScenario } from "./scenario.ts";

/** A bug is to be found within so many seeds. */
const seedsMax = 60;

/** What the checkers say of the first seed where that one says something. */
function findBy(
  checker: string,
  faulty: Partial<ClusterOptions>,
  { seeds = seedsMax, ...scenario }: { readonly seeds?: number } & Parameters<typeof runScenario>[1] = {},
): string | undefined {
  for (let seed = 1; seed <= seeds; seed++) {
    const { violations } = runScenario(seed, { faulty, ...scenario });
    const found = violations.find((violation) => violation.checker === checker);
    if (found !== undefined) return found.how;
  }
  return undefined;
}

describe("a deliberate bug is reported by the rule that it breaks", () => {
  test("an agent that grants one slot too many exceeds its slots", () => {
    const found = findBy("slots-never-exceeded", { newSlots: (total) => new GenerousSlots(total) });
    expect(found).toMatch(/attempts work in/);
  });

  test("a router that ends an execution twice gives more than one result", () => {
    const found = findBy("at-most-one-result", { newRouterMachine: (...options) => new TwiceEndingRouter(...options) });
    expect(found).toMatch(/twice/);
  });

  test("a router that knows no version but the first leaves executions without an end", () => {
    const newRouterMachine: ClusterOptions["newRouterMachine"] = (...options) => new OldFashionedRouter(...options);
    const found = findBy("every-execution-ends", { newRouterMachine });
    expect(found).toMatch(/has not ended/);
  });

  test("a control plane that takes the maximum for two more exceeds it", () => {
    const newPoolsMachine = faultyPools(ExceedingPools);
    expect(findBy("replicas-within-bounds", { newPoolsMachine })).toMatch(/replicas of .*; max is|really there/);
  });

  test("a control plane that does not count replicas that drain exceeds the maximum", () => {
    const newPoolsMachine = faultyPools(ForgettingPools);
    expect(findBy("replicas-within-bounds", { newPoolsMachine })).toMatch(/are really there/);
  });

  test("a control plane that takes the idle TTL for a day never reaches zero", () => {
    const newPoolsMachine = faultyPools(SleeplessPools);
    expect(findBy("idle-reaches-zero-on-time", { newPoolsMachine })).toMatch(/replicas are left/);
  });

  test("a control plane that takes TTLs for half as long lets replicas go too early", () => {
    const newPoolsMachine = faultyPools(HastyPools);
    expect(findBy("idle-reaches-zero-on-time", { newPoolsMachine })).toMatch(/goes by \w+ after/);
  });

  test("a router that passes an execution over starves it", () => {
    const found = findBy("nobody-starves", { newRouterMachine: (...options) => new ForgetfulRouter(...options) });
    expect(found).toMatch(/was passed over/);
  });

  test("an agent that forgets to let parents go on deadlocks them", () => {
    const newSlots = (total: number, singleUse: boolean): Slots<string> => new ForgetfulSlots(total, singleUse);
    expect(findBy("lending-never-deadlocks", { newSlots })).toMatch(/waited for one|for ever/);
  });

  test("a control plane that drains busy replicas takes them", () => {
    const newPoolsMachine = faultyPools(RuthlessPools);
    expect(findBy("busy-replicas-are-never-taken", { newPoolsMachine })).toMatch(/is let go by IDLE_TTL with/);
  });

  test("a router that does not look at the time starts what is too late", () => {
    const found = findBy("nothing-starts-too-late", {
      newRouterMachine: (...options) => new TimelessRouter(...options),
    });
    expect(found).toMatch(/after its deadline/);
  });

  test("a router that gives one retry more than was asked for tries too often", () => {
    const found = findBy("retries-are-counted", { newRouterMachine: (...options) => new StubbornRouter(...options) });
    expect(found).toMatch(/is tried again after/);
  });

  test("a router that forgets who called whom runs what nobody waits for", () => {
    const newRouterMachine: ClusterOptions["newRouterMachine"] = (...options) => new ChildlessRouter(...options);
    expect(findBy("nothing-outlives-its-caller", { newRouterMachine })).toMatch(/which called it, had ended/);
  });

  test("a router that does not ask what replicas have of a dead one forgets what was told", () => {
    const newRouterMachine: ClusterOptions["newRouterMachine"] = (...options) => new IncuriousRouter(...options);
    expect(findBy("what-was-told-is-known", { newRouterMachine })).toMatch(/no router knows of it/);
  });

  test("a router that does not wait for what replicas tell of a dead one contradicts what that has told", () => {
    const newRouterMachine: ClusterOptions["newRouterMachine"] = (...options) => new ImpatientRouter(...options);
    const scenario = { seeds: 400, onlyRouterDies: true, checkers: [whatWasToldStands] };
    expect(findBy("what-was-told-stands", { newRouterMachine }, scenario)).toMatch(/was told as succeeded/);
  });
});

class GenerousSlots extends Slots<string> {
  readonly #stated: number;

  constructor(total: number) {
    super(total + 1);
    this.#stated = total;
  }

  override get total(): number {
    return this.#stated;
  }
}

class ForgetfulSlots extends Slots<string> {
  override step(event: SlotEvent<string>): SlotEffect<string>[] {
    return super.step(event).filter(({ kind }) => kind !== "deliver");
  }
}

class TwiceEndingRouter extends RouterMachine {
  override step(event: RouterEvent, now: number): RouterEffect[] {
    const effects = super.step(event, now);
    return [...effects, ...effects.filter(({ kind }) => kind === "ended")];
  }
}

class OldFashionedRouter extends RouterMachine {
  readonly #known = new Set<string>();

  override step(event: RouterEvent, now: number): RouterEffect[] {
    if (event.kind !== "environmentChanged") return super.step(event, now);
    if (this.#known.has(event.name)) return [];
    this.#known.add(event.name);
    return super.step(event, now);
  }
}

class ForgetfulRouter extends RouterMachine {
  #hasForgotten = false;

  override step(event: RouterEvent, now: number): RouterEffect[] {
    const forgets = event.kind === "admitted" && !this.#hasForgotten;
    if (forgets) this.#hasForgotten = true;
    return forgets ? [] : super.step(event, now);
  }
}

class TimelessRouter extends RouterMachine {
  override get nextDueAt(): number {
    return Infinity;
  }
}

class StubbornRouter extends RouterMachine {
  override step(event: RouterEvent, now: number): RouterEffect[] {
    if (event.kind !== "admitted" || event.execution.limits.retry === undefined) return super.step(event, now);
    const { limits } = event.execution;
    const { retry } = event.execution.limits;
    const execution = { ...event.execution, limits: { ...limits, retry: { ...retry, retries: retry.retries + 1 } } };
    return super.step({ ...event, execution }, now);
  }
}

class ImpatientRouter extends RouterMachine {
  override mayFindMore(): boolean {
    return false;
  }
}

class IncuriousRouter extends RouterMachine {
  override step(event: RouterEvent, now: number): RouterEffect[] {
    return super.step(event, now).filter(({ kind }) => kind !== "askAbout");
  }

  override isAskedAbout(): boolean {
    return false;
  }
}

class ChildlessRouter extends RouterMachine {
  override step(event: RouterEvent, now: number): RouterEffect[] {
    if (event.kind !== "admitted") return super.step(event, now);
    return super.step({ ...event, execution: { ...event.execution, parentId: "" } }, now);
  }
}

type NewPools = NonNullable<ClusterOptions["newPoolsMachine"]>;

function faultyPools(Machine: new (...options: Parameters<NewPools>) => PoolsMachine): NewPools {
  return (...options) => new Machine(...options);
}

class SleeplessPools extends PoolsMachine {
  override step(event: PoolsEvent, now: number): PoolsEffect[] {
    return super.step(withPolicy(event, { idleTtlMs: 86_400_000 }), now);
  }
}

class HastyPools extends PoolsMachine {
  override step(event: PoolsEvent, now: number): PoolsEffect[] {
    if (event.kind !== "environmentChanged") return super.step(event, now);
    const { idleTtlMs, scaledownTtlMs } = event.environment.policy;
    const halved = { idleTtlMs: idleTtlMs / 2, scaledownTtlMs: scaledownTtlMs / 2 };
    return super.step(withPolicy(event, halved), now);
  }
}

class ExceedingPools extends PoolsMachine {
  #maxReplicas = Infinity;

  override step(event: PoolsEvent, now: number): PoolsEffect[] {
    if (event.kind === "environmentChanged") this.#maxReplicas = event.environment.policy.maxReplicas;
    const maxReplicas = this.#maxReplicas;
    return super.step(withPolicy(event, { maxReplicas: maxReplicas + 2 }), now).map((effect) => {
      if (effect.kind !== "start") return effect;
      return { ...effect, policy: { ...effect.policy, maxReplicas: Math.min(effect.policy.maxReplicas, maxReplicas) } };
    });
  }
}

class ForgettingPools extends PoolsMachine {
  override step(event: PoolsEvent, now: number): PoolsEffect[] {
    const effects = super.step(event, now);
    for (const effect of effects) {
      if (effect.kind !== "drain") continue;
      super.step({ kind: "replicaExited", replicaId: effect.replicaId, how: "it drains" }, now);
    }
    return effects;
  }
}

class RuthlessPools extends PoolsMachine {
  override step(event: PoolsEvent, now: number): PoolsEffect[] {
    const effects = super.step(event, now);
    if (event.kind !== "decide") return effects;
    const busy = this.pools("env")
      .flatMap((pool) => pool.replicas)
      .find(({ announced }) => announced?.busy === 1);
    if (busy === undefined) return effects;
    const replica = { ...busy, state: "draining", endCause: "IDLE_TTL" } as const;
    return [...effects, { kind: "replicaChanged", replica, policyOverride: undefined }];
  }
}

function withPolicy(
  event: PoolsEvent,
  changes: Partial<Extract<PoolsEvent, { kind: "environmentChanged" }>["environment"]["policy"]>,
): PoolsEvent {
  if (event.kind !== "environmentChanged") return event;
  const { environment } = event;
  return { ...event, environment: { ...environment, policy: { ...environment.policy, ...changes } } };
}
