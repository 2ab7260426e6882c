import { setTimeout as delay } from "node:timers/promises";
import { RunService } from "@hearth/proto";
import { createClient, openChannel, type RpcClient } from "@hearth/rpc";
import type { HistoryEntry } from "../account/facts.ts";
import { endingOfPhase } from "./endings.ts";

/** What the history says of the runs, read again until all has ended or `boundMs` has passed. */
export async function readHistory(address: string, runs: readonly string[], boundMs: number): Promise<HistoryEntry[]> {
  const channel = openChannel(address);
  const client = createClient(RunService, channel);
  const until = Date.now() + boundMs;
  const entries: HistoryEntry[] = [];
  for (const run of runs) {
    for (;;) {
      const read = await readRun(client, run).catch(() => undefined);
      const isComplete = read?.every(({ ending }) => ending !== undefined) === true;
      if (isComplete || Date.now() > until) {
        entries.push(...(read ?? []));
        break;
      }
      await delay(250);
    }
  }
  channel.close();
  return entries;
}

async function readRun(client: RpcClient<typeof RunService>, name: string): Promise<HistoryEntry[]> {
  const { run } = await client.getRun({ name });
  const found: HistoryEntry[] = [];
  let pageToken = "";
  do {
    const page = await client.listExecutions({ run: name, pageSize: 1_000, pageToken });
    for (const execution of page.executions) {
      const { id: executionId, attempts } = execution;
      // Results are left out of a list; the run has its root's.
      const ending = executionId === name ? run && endingOfPhase(run) : endingOfPhase(execution);
      found.push({ executionId, runId: name, ending, attempts: attempts.length });
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return found;
}
