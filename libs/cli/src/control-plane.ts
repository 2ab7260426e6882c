import { openChannel } from "@hearth/rpc";
import { connectControlPlane, type ControlPlane } from "@hearth/sdk/control-plane";
import { findInstallation } from "@hearth/sdk/installation";
import { Patience } from "@hearth/sdk/patience";

export type { ControlPlane };

/** Calls `use` with a connected control plane, and hangs up after it. */
export async function withControlPlane<T>(use: (controlPlane: ControlPlane) => Promise<T>): Promise<T> {
  const { controlPlane: address, unreachableAfterMs } = findInstallation(process.env, process.cwd());
  const channel = openChannel(address, { pings: true });
  try {
    return await use(connectControlPlane(channel, new Patience(address, unreachableAfterMs)));
  } finally {
    channel.close();
  }
}
