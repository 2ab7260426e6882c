import { AgentService, ExecutionService, type ExecutionRequest } from "@hearth/proto";
import { createClient, openChannel } from "@hearth/rpc";

type Channel = ReturnType<typeof openChannel>;

/** What the control plane asks of routers and agents, at the addresses they announce. */
export interface Peers {
  /** Returns the execution's id: of the earlier one when the router has seen the request before. */
  submit(address: string, execution: ExecutionRequest, signal: AbortSignal): Promise<string>;
  cancel(address: string, executionId: string, signal: AbortSignal): Promise<void>;
  drain(address: string, reason: string, graceMs: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

/** Channels kept open, the least recently used ones beyond this many closed. */
const channelsMax = 64;

export function grpcPeers(): Peers {
  const channels = new Map<string, Channel>();
  const channelTo = (address: string): Channel => {
    const channel = channels.get(address) ?? openChannel(address);
    channels.delete(address);
    channels.set(address, channel);
    const [oldest] = channels;
    if (channels.size > channelsMax && oldest !== undefined) {
      channels.delete(oldest[0]);
      oldest[1].close();
    }
    return channel;
  };
  return {
    async submit(address, execution, signal) {
      const client = createClient(ExecutionService, channelTo(address));
      return (await client.submit({ execution }, { signal })).executionId;
    },
    async cancel(address, executionId, signal) {
      await createClient(ExecutionService, channelTo(address)).cancelExecution({ executionId }, { signal });
    },
    async drain(address, reason, graceMs, signal) {
      await createClient(AgentService, channelTo(address)).drain({ reason, graceMs }, { signal });
    },
    close() {
      for (const channel of channels.values()) channel.close();
      channels.clear();
    },
  };
}
