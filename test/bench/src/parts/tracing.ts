import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Send } from "../client.ts";
import { inTurns, measureClosedLoop } from "../load.ts";
import type { Bench, Part, PartResult } from "../part.ts";
import { toRow, units } from "../row.ts";
import { median, ratios } from "../statistics.ts";
import { startSystem, type System } from "../system.ts";

/** What tracing costs when one execution in a hundred is sampled: one installation traces, another does not. */
export const tracing: Part = { name: "tracing", about: "with tracing of 1 % and without", run };

/** Short ones, so that both see the same moods of the machine: it changes its speed by more than tracing costs, for seconds at a time. */
const turnsPerInstallation = 12;

/** Of each kind, for every round. */
const installationsPerRound = 2;

async function run({ effort, say }: Bench): Promise<PartResult> {
  const short = { warmUpMs: effort.warmUpMs / 4, measureMs: effort.measureMs / 4 };
  const rateOf = async (send: Send): Promise<number> => (await measureClosedLoop(send, 512, short)).perSecond;
  await using collector = await startCollector();
  const variables = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_METRICS_EXPORTER: "none",
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.01",
  };
  const costs: number[] = [];
  const figures: object[] = [];
  const installations = installationsPerRound * effort.rounds;
  for (let installation = 1; installation <= installations; installation++) {
    say(`tracing, installation ${installation} of ${installations}`);
    // Anew each time: how fast a process is that was compiled by chance at one moment or another differs by more than tracing costs.
    await using started = new AsyncDisposableStack();
    const start = async (options: Parameters<typeof startSystem>[0]): Promise<Send> =>
      senderOf(started.use(await startSystem(options)));
    const senders = await inTurns(installation, [{ variables }, {}], start);
    // In turns as well: who was warmed up first has become cold by the time that the other one is warm.
    for (let turn = 0; turn < turnsPerInstallation; turn++) {
      await inTurns(turn, senders, (send) =>
        measureClosedLoop(send, 512, { warmUpMs: 0, measureMs: effort.measureMs / 2 }),
      );
    }
    const tracedPerSecond: number[] = [];
    const plainPerSecond: number[] = [];
    for (let turn = 0; turn < turnsPerInstallation; turn++) {
      const [tracedRate, plainRate] = await inTurns(turn, senders, rateOf);
      tracedPerSecond.push(tracedRate);
      plainPerSecond.push(plainRate);
    }
    costs.push((1 - median(ratios(tracedPerSecond, plainPerSecond))) * 100);
    figures.push({ tracedPerSecond, plainPerSecond });
  }
  const rows = [toRow("tracing 1 % of executions, of throughput", costs, units.percent, { atMost: 5 })];
  return { rows, figures: { installations: figures, collectedBytes: collector.bytes } };
}

async function senderOf(system: System): Promise<Send> {
  await system.deploy("node", "noop");
  await system.stopControlPlane();
  return system.router.client.sender("bench-node", "noop");
}

interface Collector extends AsyncDisposable {
  readonly endpoint: string;
  readonly bytes: number;
}

/** Takes what is exported and keeps nothing. */
async function startCollector(): Promise<Collector> {
  let bytes = 0;
  const server = createServer((request, response) => {
    request.on("data", (chunk: Buffer) => (bytes += chunk.length));
    request.on("end", () => response.writeHead(200, { "content-type": "application/x-protobuf" }).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get bytes() {
      return bytes;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
