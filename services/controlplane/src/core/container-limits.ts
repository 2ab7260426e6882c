import { parseQuantity } from "@hearth/policy";
import type { EnvironmentSpec } from "./environment.ts";

/** What one container may use. Undefined: no limit. */
export interface ContainerLimits {
  readonly memoryBytes: number | undefined;
  /** Billionths of a processor. */
  readonly nanoCpus: number | undefined;
}

/** Engines refuse less. */
const memoryBytesMin = 6 * 2 ** 20;
const nanoCpusMin = 10_000_000;

/** The limits of a spec, whose quantities have been checked. */
export function containerLimits({ resources }: EnvironmentSpec): ContainerLimits {
  const [memory, cpu] = [parseQuantity(resources.memory), parseQuantity(resources.cpu)];
  return {
    memoryBytes: memory === undefined ? undefined : Math.floor(memory),
    nanoCpus: cpu === undefined ? undefined : Math.round(cpu * 1e9),
  };
}

/** Why an engine with so many processors would refuse the limits. Undefined: it would not. */
export function limitsProblem(spec: EnvironmentSpec, engineCpus: number): string | undefined {
  const { memoryBytes, nanoCpus } = containerLimits(spec);
  const { cpu, memory } = spec.resources;
  if (memoryBytes !== undefined && memoryBytes < memoryBytesMin)
    return `resources.memory is "${memory}"; a container needs at least 6Mi.`;
  if (nanoCpus !== undefined && nanoCpus < nanoCpusMin)
    return `resources.cpu is "${cpu}"; a container needs at least 10m.`;
  if (nanoCpus !== undefined && nanoCpus > engineCpus * 1e9)
    return `resources.cpu is "${cpu}"; the Docker engine has ${engineCpus} processors.`;
  return undefined;
}
