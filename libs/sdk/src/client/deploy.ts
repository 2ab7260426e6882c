import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { EnvironmentSpecSchema, ReusePolicySchema } from "@hearth/proto";
import { bundleEnvironment, type Bundle } from "../bundle/bundle-environment.ts";
import { registry, type DeclaredEnvironment } from "../task/registry.ts";
import type { ControlPlane } from "./control-plane.ts";

/** What each control plane was sent, by environment: tasks declared later make another deployment necessary. */
const deployed = new WeakMap<ControlPlane, Map<string, number>>();

/** Deploys every environment this program declares that has tasks. Lines of image builds go to stderr. */
export async function deployDeclared(controlPlane: ControlPlane): Promise<void> {
  const done = deployed.get(controlPlane) ?? new Map<string, number>();
  deployed.set(controlPlane, done);
  for (const environment of registry().environments.values()) {
    const { name, tasks } = environment;
    if (tasks.size === 0 || done.get(name) === tasks.size) continue;
    const bundle = await bundleEnvironment(environment);
    await upload(controlPlane, bundle);
    await deploy(controlPlane, environment, bundle);
    done.set(name, tasks.size);
  }
}

async function upload({ bundles }: ControlPlane, { sha256, data }: Bundle): Promise<void> {
  const { found } = await bundles.hasBundle({ sha256 });
  if (!found) await bundles.uploadBundle({ sha256, data });
}

async function deploy(controlPlane: ControlPlane, environment: DeclaredEnvironment, bundle: Bundle): Promise<void> {
  const { name, tasks, image, resources, policy } = environment;
  const spec = fromJson(EnvironmentSpecSchema, {
    name,
    language: "LANGUAGE_NODE",
    bundleSha256: bundle.sha256,
    tasks: [...tasks.values()].map((task) => ({ name: task.name, ...task.limits })),
    ...(image !== undefined && { image: toJson(image) }),
    ...(resources !== undefined && { resources: toJson(resources) }),
  });
  const request = policy === undefined ? { spec } : { spec, policy: fromJson(ReusePolicySchema, toJson(policy)) };
  const attempts = controlPlane.patience.begin();
  for (;;) {
    try {
      for await (const { event } of controlPlane.environments.deployEnvironment(request)) {
        attempts.heard();
        if (event.case === "logLine") process.stderr.write(`${event.value}\n`);
      }
      return;
    } catch (error) {
      await attempts.pause(error);
    }
  }
}

function toJson(wire: object): JsonValue {
  return wire as JsonValue;
}
