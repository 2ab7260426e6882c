/**
 * The control plane's side of an agent in a process of its own: it announces its slots, answers Drain by leaving, and
 * runs nothing. What it is told by TWIN_* variables it does: TWIN_FAIL exits before it is ready.
 */
import { create } from "@bufbuild/protobuf";
import { connectBus, subjects } from "@hearth/bus";
import { AgentService, ReplicaState, SlotAnnouncementSchema } from "@hearth/proto";
import { service, startGrpcServer } from "@hearth/rpc";
import { setInterval } from "node:timers";

const variable = (name: string): string => process.env[name] ?? "";
const image = JSON.parse(variable("HEARTH_RUNNER_VARIABLES")) as Record<string, string>;
if (image["TWIN_FAIL"] !== undefined) {
  console.error("the twin was told to fail");
  process.exit(3);
}

const bus = await connectBus({ url: variable("HEARTH_NATS_URL"), name: "agent twin" });
const leave = (): void => {
  announce(ReplicaState.ENDED);
  void bus.close().then(() => process.exit(0));
};
const handlers = {
  // eslint-disable-next-line @typescript-eslint/require-await
  async *attach(): AsyncGenerator<never> {
    yield* [];
  },
  drain: () => {
    setImmediate(leave);
    return Promise.resolve({ running: 0 });
  },
};
const server = await startGrpcServer({
  host: "127.0.0.1",
  port: 0,
  services: [service(AgentService, handlers)],
  report: (_id, thrown) => console.error(thrown),
});
process.on("SIGTERM", leave);

const idleSinceUnixMs = Date.now();
const total = Number(variable("HEARTH_CONCURRENCY"));
let sequence = 0;
function announce(state: ReplicaState): void {
  const announcement = create(SlotAnnouncementSchema, {
    replicaId: variable("HEARTH_REPLICA_ID"),
    environment: variable("HEARTH_ENVIRONMENT"),
    pool: variable("HEARTH_POOL"),
    version: variable("HEARTH_VERSION"),
    address: `127.0.0.1:${server.port}`,
    sequence: ++sequence,
    total,
    free: total,
    idleSinceUnixMs,
    state,
    agentPid: process.pid,
    runnerPid: process.pid,
  });
  bus.publish(subjects.slots(variable("HEARTH_ENVIRONMENT")), SlotAnnouncementSchema, announcement);
}
announce(ReplicaState.READY);
setInterval(() => announce(ReplicaState.READY), 200);
