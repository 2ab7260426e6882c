import type { Policy, RetryPolicy } from "@hearth/policy";

/** The image steps a user may ask for, in the words of environment.proto. */
export type ImageLayer =
  | {
      readonly kind: "pipPackages";
      readonly packages: readonly string[];
      /** Empty: pip's own default. */
      readonly indexUrl: string;
      readonly extraArguments: readonly string[];
    }
  | { readonly kind: "aptPackages"; readonly packages: readonly string[] }
  | { readonly kind: "commands"; readonly commands: readonly string[] }
  | { readonly kind: "processVariables"; readonly variables: Readonly<Record<string, string>> };

export interface Image {
  readonly base:
    | { readonly kind: "debian"; /** Such as "3.12". Empty: any. */ readonly pythonVersion: string }
    | { readonly kind: "reference"; readonly reference: string };
  readonly layers: readonly ImageLayer[];
}

export interface Task {
  readonly name: string;
  /** Empty for Node. */
  readonly entrypoint: string;
  /** What counts where a request says nothing. What is absent is not declared, and not part of the version. */
  readonly retryPolicy?: RetryPolicy;
  readonly attemptTimeoutMs?: number;
  readonly queueTimeoutMs?: number;
}

/** Everything that makes a version. */
export interface EnvironmentSpec {
  readonly name: string;
  readonly language: "python" | "node" | "unspecified";
  readonly bundleSha256: string;
  readonly tasks: readonly Task[];
  readonly image: Image;
  /** Kubernetes quantities. Empty: no limit. */
  readonly resources: { readonly cpu: string; readonly memory: string };
}

export interface EnvironmentVersion {
  readonly id: string;
  readonly spec: EnvironmentSpec;
  readonly createdAtMs: number;
}

/** A deployed environment. */
export interface Environment {
  readonly name: string;
  readonly version: EnvironmentVersion;
  readonly policy: Policy;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}
