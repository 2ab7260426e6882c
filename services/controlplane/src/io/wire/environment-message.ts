import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, durationMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  EnvironmentSchema,
  EnvironmentSpecSchema,
  type ImageLayerSchema,
  Language,
  type Environment as EnvironmentMessage,
  type EnvironmentSpec as SpecMessage,
  type Image as ImageMessage,
  type Task as TaskMessage,
  type TaskSchema,
} from "@hearth/proto";
import { policyToMessage, retryPolicyFromMessage, retryPolicyToMessage } from "@hearth/policy/wire";
import type { Environment, EnvironmentSpec, Image, ImageLayer, Task } from "../../core/environment.ts";

const languages = {
  [Language.UNSPECIFIED]: "unspecified",
  [Language.PYTHON]: "python",
  [Language.NODE]: "node",
} as const;

export function specFromMessage(message: SpecMessage | undefined): EnvironmentSpec {
  const spec = message ?? create(EnvironmentSpecSchema);
  return {
    name: spec.name,
    // A number that a later version of the protocol may give has no entry.
    language: (languages as Partial<typeof languages>)[spec.language] ?? "unspecified",
    bundleSha256: spec.bundleSha256,
    tasks: spec.tasks.map(taskFromMessage),
    image: imageFromMessage(spec.image),
    resources: { cpu: spec.resources?.cpu ?? "", memory: spec.resources?.memory ?? "" },
  };
}

function taskFromMessage({ name, entrypoint, retryPolicy, attemptTimeout, queueTimeout }: TaskMessage): Task {
  return {
    ...{ name, entrypoint },
    ...(retryPolicy !== undefined && { retryPolicy: retryPolicyFromMessage(retryPolicy) }),
    ...(attemptTimeout !== undefined && { attemptTimeoutMs: durationMs(attemptTimeout) }),
    ...(queueTimeout !== undefined && { queueTimeoutMs: durationMs(queueTimeout) }),
  };
}

function imageFromMessage(message: ImageMessage | undefined): Image {
  const base = message?.base;
  return {
    base:
      base?.case === "reference"
        ? { kind: "reference", reference: base.value }
        : { kind: "debian", pythonVersion: base?.case === "debian" ? base.value.pythonVersion : "" },
    layers: (message?.layers ?? []).flatMap((layer) => layerFromMessage(layer.kind)),
  };
}

function layerFromMessage(kind: ImageMessage["layers"][number]["kind"]): readonly ImageLayer[] {
  switch (kind.case) {
    case "pipPackages": {
      const { packages, indexUrl, extraArguments } = kind.value;
      return [{ kind: "pipPackages", packages, indexUrl, extraArguments }];
    }
    case "aptPackages":
      return [{ kind: "aptPackages", packages: kind.value.packages }];
    case "commands":
      return [{ kind: "commands", commands: kind.value.commands }];
    case "processVariables":
      return [{ kind: "processVariables", variables: { ...kind.value.variables } }];
    case undefined:
      return [];
  }
}

export function environmentToMessage(environment: Environment): EnvironmentMessage {
  const { name, version, policy, createdAtMs, updatedAtMs } = environment;
  return create(EnvironmentSchema, {
    name,
    version: {
      id: version.id,
      spec: specToMessage(version.spec),
      createdAt: timestampFromMs(version.createdAtMs),
    },
    policy: policyToMessage(policy),
    createdAt: timestampFromMs(createdAtMs),
    updatedAt: timestampFromMs(updatedAtMs),
  });
}

function specToMessage(spec: EnvironmentSpec): MessageInitShape<typeof EnvironmentSpecSchema> {
  const { base, layers } = spec.image;
  return {
    name: spec.name,
    language: spec.language === "python" ? Language.PYTHON : Language.NODE,
    bundleSha256: spec.bundleSha256,
    tasks: spec.tasks.map(taskToMessage),
    image: {
      base:
        base.kind === "reference"
          ? { case: "reference", value: base.reference }
          : { case: "debian", value: { pythonVersion: base.pythonVersion } },
      layers: layers.map((layer) => ({ kind: layerToMessage(layer) })),
    },
    resources: spec.resources,
  };
}

function taskToMessage(task: Task): MessageInitShape<typeof TaskSchema> {
  const { name, entrypoint, retryPolicy, attemptTimeoutMs, queueTimeoutMs } = task;
  return {
    ...{ name, entrypoint },
    ...(retryPolicy !== undefined && { retryPolicy: retryPolicyToMessage(retryPolicy) }),
    ...(attemptTimeoutMs !== undefined && { attemptTimeout: durationFromMs(attemptTimeoutMs) }),
    ...(queueTimeoutMs !== undefined && { queueTimeout: durationFromMs(queueTimeoutMs) }),
  };
}

function layerToMessage(layer: ImageLayer): NonNullable<MessageInitShape<typeof ImageLayerSchema>["kind"]> {
  switch (layer.kind) {
    case "pipPackages": {
      const { packages, indexUrl, extraArguments } = layer;
      return {
        case: layer.kind,
        value: { packages: [...packages], indexUrl, extraArguments: [...extraArguments] },
      };
    }
    case "aptPackages":
      return { case: layer.kind, value: { packages: [...layer.packages] } };
    case "commands":
      return { case: layer.kind, value: { commands: [...layer.commands] } };
    case "processVariables":
      return { case: layer.kind, value: { variables: { ...layer.variables } } };
  }
}
