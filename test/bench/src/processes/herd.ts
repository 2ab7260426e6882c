/** As many idle replicas as the first argument says, as far as a router sees them: announcements, and one stream each. */
import { create } from "@bufbuild/protobuf";
import { connectBus, subjects } from "@hearth/bus";
import {
  AgentService,
  AttachResponseSchema,
  ReplicaState,
  SlotAnnouncementSchema,
  type AttachRequest,
  type AttachResponse,
} from "@hearth/proto";
import { FrameOutbox, service, startGrpcServer } from "@hearth/rpc";

const [count = "1", natsUrl = "", environment = "herd"] = process.argv.slice(2);
const replicas = Number(count);
let attached = 0;

const agents = service(AgentService, {
  async *attach(frames, context) {
    const outbox = new FrameOutbox<AttachResponse>(() => create(AttachResponseSchema));
    const hello = { $typeName: "hearth.v1.AgentHello", replicaId: "", pool: environment, version: "1" } as const;
    outbox.frame().hello = { ...hello, liveAttempts: [], adoptedAttempts: [] };
    outbox.frame().slots = { $typeName: "hearth.v1.Slots", sequence: 1, total: 1, free: 1, dispatchesSeen: 0 };
    context.signal.addEventListener("abort", () => outbox.end(), { once: true });
    void read(frames).then(
      () => outbox.end(),
      () => outbox.end(),
    );
    attached += 1;
    yield* outbox;
  },
  drain: () => Promise.resolve({ running: 0 }),
});

const server = await startGrpcServer({ host: "127.0.0.1", port: 0, services: [agents], report: console.error });
const bus = await connectBus({ url: natsUrl, name: "hearth-bench herd" });
const address = `127.0.0.1:${server.port}`;
let sequence = 0;
// Each announces every second, all of them spread over it, as agents that started at their own times do.
const portions = 50;
for (let portion = 0; portion < portions; portion++) {
  setTimeout(() => setInterval(() => announce(portion), 1_000), (portion * 1_000) / portions);
}
process.stdin.on("data", () => process.stdout.write(`${JSON.stringify({ attached })}\n`));
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);

function announce(portion: number): void {
  for (let index = portion; index < replicas; index += portions) {
    const announcement = create(SlotAnnouncementSchema, {
      ...{ replicaId: `herd-${index}`, environment, pool: environment, version: "1", address, sequence: ++sequence },
      ...{ total: 1, free: 1, state: ReplicaState.READY, agentPid: 0, runnerPid: 0 },
    });
    bus.publish(subjects.slots(environment), SlotAnnouncementSchema, announcement);
  }
}

async function read(frames: AsyncIterable<AttachRequest>): Promise<void> {
  const requests = frames[Symbol.asyncIterator]();
  while ((await requests.next()).done !== true);
}
