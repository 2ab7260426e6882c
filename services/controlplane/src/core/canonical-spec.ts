import type { EnvironmentSpec } from "./environment.ts";

/**
 * One text for all equal specs: JSON with the keys of every object in order. Its SHA-256 names the version, so it must
 * not change between releases without need: a change makes every environment roll out anew.
 */
export function canonicalSpec(spec: EnvironmentSpec): string {
  return JSON.stringify(spec, (_key, value: unknown) => (isObject(value) ? sorted(value) : value));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sorted(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
