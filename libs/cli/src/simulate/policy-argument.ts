import { completePolicy, neverRecycled, type Policy, type PolicyRequest, type Recycling } from "@hearth/policy";
import { InvalidArgumentError } from "commander";
import { duration, wholeNumber } from "../commands/arguments.ts";

/** A policy to simulate, under the name it has in tables and plots. */
export interface Candidate {
  /** Undefined: it was given none. */
  readonly name: string | undefined;
  readonly policy: Policy;
}

/** Reads "name:replicas=1..20,concurrency=4,scaledown_ttl=30s"; the name and every field may be left out. */
export function policyArgument(text: string): Candidate {
  const [, name, fields = ""] = /^(?:([^:=,]+):)?(.*)$/.exec(text.trim()) ?? [];
  const written: Record<string, string> = {};
  for (const field of fields.split(",").filter((one) => one.trim() !== "")) {
    const [key = "", value, ...more] = field.split("=").map((part) => part.trim());
    if (value === undefined || more.length > 0)
      throw new InvalidArgumentError(`"${field}" is not written field=value.`);
    if (!Object.hasOwn(readers, key)) {
      throw new InvalidArgumentError(`There is no field "${key}"; there are ${Object.keys(readers).join(", ")}.`);
    }
    if (Object.hasOwn(written, key)) throw new InvalidArgumentError(`The field "${key}" is there twice.`);
    written[key] = value;
  }
  const request = Object.entries(written).map(([key, value]) => readField(key, value));
  const recycling = Object.assign({}, neverRecycled, ...request.map((part) => part.recycling ?? {})) as Recycling;
  const decision = completePolicy({ ...(Object.assign({}, ...request) as PolicyRequest), recycling });
  if (decision.kind === "invalid") throw new InvalidArgumentError(decision.problem);
  return { name: name?.trim(), policy: decision.policy };
}

type Part = Omit<PolicyRequest, "recycling"> & { readonly recycling?: Partial<Recycling> };

const counts = wholeNumber({ min: 0, max: 10_000 });

const readers: Readonly<Record<string, (text: string) => Part>> = {
  replicas: readReplicas,
  concurrency: (text) => ({ concurrency: wholeNumber({ min: 1, max: 10_000 })(text) }),
  scaledown_ttl: (text) => ({ scaledownTtlMs: duration(text) }),
  idle_ttl: (text) => ({ idleTtlMs: duration(text) }),
  scope: readScope,
  buffer_replicas: (text) => ({ bufferReplicas: counts(text) }),
  single_use: (text) => ({ singleUse: readYesOrNo(text) }),
  recycle_after_executions: (text) => ({
    recycling: { afterExecutions: wholeNumber({ min: 1, max: 1_000_000_000 })(text) },
  }),
  recycle_after_age: (text) => ({ recycling: { afterAgeMs: duration(text) } }),
};

/** For the help. */
export const policyFields = Object.keys(readers);

function readField(key: string, value: string): Part {
  try {
    return readers[key]?.(value) ?? {};
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw new InvalidArgumentError(`${key}=${value}: ${error.message}`);
    throw error;
  }
}

function readReplicas(text: string): Part {
  const [least = "", most = least, ...more] = text.split("..");
  if (more.length > 0) throw new InvalidArgumentError("It must be a number or min..max.");
  return { minReplicas: counts(least), maxReplicas: wholeNumber({ min: 1, max: 10_000 })(most) };
}

function readScope(text: string): Part {
  if (text === "global" || text === "run") return { scope: text };
  throw new InvalidArgumentError("It must be global or run.");
}

function readYesOrNo(text: string): boolean {
  if (text === "true" || text === "false") return text === "true";
  throw new InvalidArgumentError("It must be true or false.");
}
