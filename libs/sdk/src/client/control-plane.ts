import { BundleService, EnvironmentService, PayloadService, RunService } from "@hearth/proto";
import { createClient, openChannel, type RpcClient } from "@hearth/rpc";
import { installation } from "./installation.ts";
import { Patience } from "./patience.ts";

/** The control plane's services, as programs use them. */
export interface ControlPlane {
  readonly environments: RpcClient<typeof EnvironmentService>;
  readonly bundles: RpcClient<typeof BundleService>;
  readonly payloads: RpcClient<typeof PayloadService>;
  readonly runs: RpcClient<typeof RunService>;
  readonly patience: Patience;
}

type Channel = ReturnType<typeof openChannel>;

const connected = new Map<string, ControlPlane>();

/** The control plane of this program's installation; one channel for each address. */
export function controlPlane(): ControlPlane {
  const { controlPlane: address, unreachableAfterMs } = installation();
  const key = `${address} ${unreachableAfterMs ?? ""}`;
  const known = connected.get(key);
  if (known !== undefined) return known;
  const services = connectControlPlane(
    openChannel(address, { pings: true }),
    new Patience(address, unreachableAfterMs),
  );
  connected.set(key, services);
  return services;
}

/** What is no stream is asked again while the control plane is away. */
export function connectControlPlane(channel: Channel, patience: Patience): ControlPlane {
  return {
    environments: createClient(EnvironmentService, channel, patience.middleware),
    bundles: createClient(BundleService, channel, patience.middleware),
    payloads: createClient(PayloadService, channel, patience.middleware),
    runs: createClient(RunService, channel, patience.middleware),
    patience,
  };
}
