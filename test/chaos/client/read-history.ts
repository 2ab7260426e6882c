import { setTimeout as delay } from "node:timers/promises";
import { RunService } from "@hearth/proto";
import { createClient, openChannel, type RpcClient } from "@hearth/rpc";
import type { PayloadClient } from "@hearth/sdk/payloads";
import type { HistoryEntry } from "../account/facts.ts";
import { endingOf, fromExecution } from "./endings.ts";

/** What the history says of the runs, read again until all has ended or `boundMs` has passed. */
export async function readHistory(
  addresses: readonly string[],
  payloads: PayloadClient,
  runs: readonly string[],
  boundMs: number,
): Promise<HistoryEntry[]> {
  const channels = addresses.map((address) => openChannel(address));
  const clients = channels.map((channel) => createClient(RunService, channel));
  const until = Date.now() + boundMs;
  const entries: HistoryEntry[] = [];
  for (const run of runs) {
    for (;;) {
      // One of the control planes answers; the others stand by.
      const read = await Promise.any(clients.map((client) => readRun(client, payloads, run))).catch(() => undefined);
      const isComplete = read?.every(({ ending }) => ending !== undefined) === true;
      if (isComplete || Date.now() > until) {
        entries.push(...(read ?? []));
        break;
      }
      await delay(250);
    }
  }
  channels.forEach((channel) => channel.close());
  return entries;
}

async function readRun(
  client: RpcClient<typeof RunService>,
  payloads: PayloadClient,
  name: string,
): Promise<HistoryEntry[]> {
  const { run } = await client.getRun({ name });
  const found: HistoryEntry[] = [];
  let pageToken = "";
  do {
    const page = await client.listExecutions({ run: name, pageSize: 1_000, pageToken });
    for (const execution of page.executions) {
      const { id: executionId, attempts } = execution;
      // Results are left out of a list; the run has its root's.
      const ended = executionId === name ? run && fromExecution({ ...run, id: name }) : fromExecution(execution);
      const ending = ended && (await endingOf(ended, payloads));
      found.push({ executionId, runId: name, ending, attempts: attempts.length });
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return found;
}
