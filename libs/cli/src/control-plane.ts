import { EnvironmentService, RunService } from "@hearth/proto";
import { createClient, openChannel, type RpcClient } from "@hearth/rpc";
import { findInstallation } from "@hearth/sdk/installation";

/** The control plane's services, as the commands use them. */
export interface ControlPlane {
  readonly environments: RpcClient<typeof EnvironmentService>;
  readonly runs: RpcClient<typeof RunService>;
}

/** Calls `use` with a connected control plane, and hangs up after it. */
export async function withControlPlane<T>(use: (controlPlane: ControlPlane) => Promise<T>): Promise<T> {
  const channel = openChannel(findInstallation(process.env, process.cwd()).controlPlane);
  try {
    return await use({
      environments: createClient(EnvironmentService, channel),
      runs: createClient(RunService, channel),
    });
  } finally {
    channel.close();
  }
}
