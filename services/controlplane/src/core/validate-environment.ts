import type { EnvironmentSpec, ImageLayer, Task } from "./environment.ts";
import { findRetryProblem, findTimeoutProblem, parseQuantity } from "@hearth/policy";

/** Why a spec is refused, in a registered reason and a sentence that names the field. */
export interface SpecProblem {
  readonly reason: "INVALID_ENVIRONMENT" | "INVALID_RESOURCES";
  readonly message: string;
}

const tasksMax = 1_000;
const layerEntriesMax = 500;
const environmentName = /^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/;
const taskName = /^[A-Za-z0-9_.-]{1,200}$/;
const sha256 = /^[0-9a-f]{64}$/;
const pythonEntrypoint = /^[^\s:]+:[^\s:]+$/;
const processVariable = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Checks the bounds that environment.proto states. Undefined: the spec is fine. */
export function findSpecProblem(spec: EnvironmentSpec): SpecProblem | undefined {
  const message = identityProblem(spec) ?? tasksProblem(spec) ?? layersProblem(spec.image.layers);
  if (message !== undefined) return { reason: "INVALID_ENVIRONMENT", message };
  const resource = quantityProblem("cpu", spec.resources.cpu) ?? quantityProblem("memory", spec.resources.memory);
  return resource === undefined ? undefined : { reason: "INVALID_RESOURCES", message: resource };
}

function identityProblem(spec: EnvironmentSpec): string | undefined {
  if (!environmentName.test(spec.name)) {
    return `name is "${spec.name}"; give 1 to 63 characters of a-z 0-9 - and _, first and last a letter or digit.`;
  }
  if (spec.language === "unspecified") return "language is not set; give LANGUAGE_PYTHON or LANGUAGE_NODE.";
  if (!sha256.test(spec.bundleSha256)) {
    return `bundle_sha256 is "${spec.bundleSha256}"; give 64 lower-case hex digits.`;
  }
  return undefined;
}

function tasksProblem(spec: EnvironmentSpec): string | undefined {
  const { tasks } = spec;
  if (tasks.length === 0 || tasks.length > tasksMax) return `tasks has ${tasks.length} entries; give 1 to ${tasksMax}.`;
  const seen = new Set<string>();
  for (const task of tasks) {
    const { name, entrypoint } = task;
    if (!taskName.test(name)) {
      return `the task name "${name}" is not allowed; give 1 to 200 characters of A-Z a-z 0-9 _ - and dot.`;
    }
    if (seen.has(name)) return `the task name "${name}" is given twice; task names are unique in an environment.`;
    seen.add(name);
    if (spec.language === "python" && !pythonEntrypoint.test(entrypoint)) {
      return `the entrypoint of task "${name}" is "${entrypoint}"; give "module:attribute".`;
    }
    const problem = limitsProblem(task);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function limitsProblem({ name, retryPolicy, attemptTimeoutMs, queueTimeoutMs }: Task): string | undefined {
  const field = (of: string): string => `task "${name}": ${of}`;
  return (
    (retryPolicy && findRetryProblem(field("retry_policy"), retryPolicy)) ??
    (attemptTimeoutMs === undefined ? undefined : findTimeoutProblem(field("attempt_timeout"), attemptTimeoutMs)) ??
    (queueTimeoutMs === undefined ? undefined : findTimeoutProblem(field("queue_timeout"), queueTimeoutMs))
  );
}

function layersProblem(layers: readonly ImageLayer[]): string | undefined {
  for (const [index, layer] of layers.entries()) {
    const entries = entriesOf(layer);
    if (entries.length > layerEntriesMax) {
      return `image layer ${index + 1} has ${entries.length} entries; give at most ${layerEntriesMax}.`;
    }
    const empty = entries.find((entry) => entry.trim() === "" || entry.includes("\0"));
    if (empty !== undefined) return `image layer ${index + 1} has an empty entry; leave it out.`;
    if (layer.kind !== "processVariables") continue;
    const misnamed = entries.find((name) => !processVariable.test(name));
    if (misnamed !== undefined) {
      return `the process variable "${misnamed}" of image layer ${index + 1} is not a name of A-Z a-z 0-9 and _.`;
    }
    const unusable = entries.find((name) => layer.variables[name]?.includes("\0"));
    if (unusable !== undefined) {
      return `the process variable "${unusable}" of image layer ${index + 1} has a NUL in its value, which no process can have.`;
    }
  }
  return undefined;
}

function entriesOf(layer: ImageLayer): readonly string[] {
  switch (layer.kind) {
    case "pipPackages":
    case "aptPackages":
      return layer.packages;
    case "commands":
      return layer.commands;
    case "processVariables":
      return Object.keys(layer.variables);
  }
}

function quantityProblem(field: string, quantity: string): string | undefined {
  if (quantity === "" || parseQuantity(quantity) !== undefined) return undefined;
  return `resources.${field} is "${quantity}"; give a quantity above 0 such as "500m", "2" or "1Gi".`;
}
