import { SimulatedCluster, Random, Recorder } from "../src/mod.ts";
import { completePolicy, type Policy } from "@hearth/policy";
const d = completePolicy({ minReplicas: 0, maxReplicas: 4000, concurrency: 1, idleTtlMs: 60_000, scaledownTtlMs: 30_000 });
const policy = (d as { policy: Policy }).policy;
const random = new Random(1);
let ended = 0, cold = 0, reps = 0, maxReps = 0; const waits: number[] = [];
const cluster = new SimulatedCluster({ routers: 1, startUpMs: () => 500, heartbeats: false, decideEveryMs: Number(process.argv[3] ?? 50), backlogMax: 1e9,
  observer: { executionEnded(e) { ended++; if (e.attempts[0]?.cold) cold++; waits.push((e.attempts[0]?.waitedMs) ?? 0); }, replicaCreated() { reps++; maxReps = Math.max(maxReps, reps); }, replicaGone() { reps--; } } });
cluster.deploy("e", "v1", policy);
const N = Number(process.argv[2] ?? 100_000);
const rate = 5000; // per s
let n = 0;
const arrive = (): void => {
  if (n++ >= N) return;
  cluster.submit({ environment: "e", work: { durationMs: 500, calls: [] } });
  cluster.queue.after(-Math.log(1 - random.next()) * 1000 / rate, arrive);
};
const t0 = Date.now();
cluster.queue.after(0, arrive);
while (ended < N && cluster.queue.step());
console.log({ ended, cold, maxReps, virtual: cluster.queue.nowMs, wall: Date.now() - t0 });
