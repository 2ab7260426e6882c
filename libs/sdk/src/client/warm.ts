import { toSeconds } from "../task/duration.ts";
import { registry, type WarmOptions } from "../task/registry.ts";
import { requireWholeNumber } from "../task/bounds.ts";
import { controlPlane } from "./control-plane.ts";
import { deployDeclared } from "./deploy.ts";
import { waitUntilReady } from "./wait-until-ready.ts";

/** What `TaskEnvironment.warm` does in a program. */
async function warm(name: string, options: WarmOptions): Promise<number> {
  const { replicas, wait = false, timeout = 120 } = options;
  if (replicas !== undefined) requireWholeNumber("replicas", replicas, 1, 10_000);
  const services = controlPlane();
  await deployDeclared(services);
  const { replicas: wanted } = await services.environments.warmEnvironment({ name, replicas: replicas ?? 0 });
  if (wait) await waitUntilReady(services.environments, { name, wanted, timeoutMs: toSeconds(timeout) * 1000 });
  return wanted;
}

registry().warm = warm;
