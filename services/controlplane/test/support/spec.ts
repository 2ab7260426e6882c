import type { EnvironmentSpec, ImageLayer } from "../../src/core/environment.ts";

/** A valid spec, changed as the test wants it. */
export function specOf(changes: Partial<EnvironmentSpec>, layers: readonly ImageLayer[] = []): EnvironmentSpec {
  return {
    name: "env-1",
    language: "python",
    bundleSha256: "a".repeat(64),
    tasks: [{ name: "f", entrypoint: "module:f" }],
    image: { base: { kind: "debian", pythonVersion: "" }, layers },
    resources: { cpu: "", memory: "" },
    ...changes,
  };
}

export function pip(packages: readonly string[], extraArguments: readonly string[] = []): ImageLayer {
  return { kind: "pipPackages", packages, indexUrl: "", extraArguments };
}
