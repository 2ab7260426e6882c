import { BundleService, EnvironmentService, RunService } from "@hearth/proto";
import { createClient, openChannel, type RpcClient } from "@hearth/rpc";
import { installation } from "./installation.ts";

/** The control plane's services, as programs use them. */
export interface ControlPlane {
  readonly environments: RpcClient<typeof EnvironmentService>;
  readonly bundles: RpcClient<typeof BundleService>;
  readonly runs: RpcClient<typeof RunService>;
}

const connected = new Map<string, ControlPlane>();

/** The control plane of this program's installation; one channel for each address. */
export function controlPlane(): ControlPlane {
  const address = installation().controlPlane;
  const known = connected.get(address);
  if (known !== undefined) return known;
  const channel = openChannel(address);
  const services = {
    environments: createClient(EnvironmentService, channel),
    bundles: createClient(BundleService, channel),
    runs: createClient(RunService, channel),
  };
  connected.set(address, services);
  return services;
}
