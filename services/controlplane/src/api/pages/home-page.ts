import { describeDuration } from "../../core/describe.ts";
import type { Environment } from "../../core/environment.ts";
import { phaseOf } from "../../core/execution-history.ts";
import type { PoolView } from "../../core/pool-view.ts";
import type { Replica } from "../../core/replica.ts";
import type { RunHistory } from "../../io/history-store.ts";
import { html, type Html } from "./html.ts";
import { page } from "./page.ts";

export interface EnvironmentView {
  readonly environment: Environment;
  readonly pools: readonly PoolView[];
  /** The replicas that ended last, newest first. */
  readonly ended: readonly Replica[];
}

/** The environments with their pools, and the newest runs. */
export function homePage(environments: readonly EnvironmentView[], runs: readonly RunHistory[], now: number): string {
  const body = html`
    <h1>Environments</h1>
    ${environments.length === 0 ? html`<p class="note">None is deployed.</p>` : environments.map((view) => environmentBlock(view, now))}
    <h1>Runs</h1>
    <table>
      <tr>
        <th>run</th>
        <th>task</th>
        <th>phase</th>
        <th>accepted</th>
        <th>took</th>
      </tr>
      ${runs.map((run) => runRow(run, now))}
    </table>
  `;
  return page("Environments and runs", body, 2);
}

function environmentBlock({ environment, pools, ended }: EnvironmentView, now: number): Html {
  const { name, version, policy } = environment;
  return html`<h2>${name}</h2>
    <p class="note">
      Version <code>${version.id}</code>, ${policy.minReplicas} to ${policy.maxReplicas} replicas of
      ${policy.concurrency} slots, idle TTL ${describeDuration(policy.idleTtlMs)}, scaledown TTL
      ${describeDuration(policy.scaledownTtlMs)}
    </p>
    ${pools.map((pool) => poolBlock(pool, now))}
    ${
      ended.length === 0
        ? html``
        : html`<p class="note">Ended last:</p>
            <ul class="note">
              ${ended.map(endedItem)}
            </ul>`
    }`;
}

function poolBlock(pool: PoolView, now: number): Html {
  return html`<p>
      <strong>${pool.name}</strong>: ${pool.desired} replicas wanted (${pool.reason}), backlog ${pool.backlog}
    </p>
    ${pool.lastStartFailure === "" ? html`` : html`<pre class="failed">${pool.lastStartFailure}</pre>`}
    ${pool.replicas.length === 0 ? html`` : replicaTable(pool.replicas, now)}`;
}

function replicaTable(replicas: readonly Replica[], now: number): Html {
  return html`<table>
    <tr>
      <th>replica</th>
      <th>state</th>
      <th>slots busy</th>
      <th>agent</th>
      <th>runner</th>
      <th>age</th>
      <th>why</th>
    </tr>
    ${replicas.map(
      (replica) =>
        html`<tr>
          <td><code>${replica.id}</code></td>
          <td class="${replica.state}">${replica.state}</td>
          <td>${replica.announced?.busy ?? 0} of ${replica.slots}</td>
          <td>${pid(replica.announced?.agentPid)}</td>
          <td>${pid(replica.announced?.runnerPid)}</td>
          <td>${describeDuration(now - replica.createdAtMs)}</td>
          <td>${replica.startReason}${replica.endReason === "" ? "" : `; ${replica.endReason}`}</td>
        </tr>`,
    )}
  </table>`;
}

function pid(id: number | undefined): string {
  return id === undefined || id === 0 ? "" : `pid ${id}`;
}

function endedItem({ id, endReason }: Replica): Html {
  return html`<li><code>${id}</code>: ${endReason.split("\n")[0] ?? ""}</li>`;
}

function runRow({ root }: RunHistory, now: number): Html {
  const phase = phaseOf(root);
  return html`<tr>
    <td>
      <a href="/runs/${root.id}"><code>${root.id}</code></a>
    </td>
    <td>${root.environment}.${root.task}</td>
    <td class="${phase}">${phase}</td>
    <td>${new Date(root.acceptedMs).toISOString()}</td>
    <td>${describeDuration((root.endedMs || now) - root.acceptedMs)}</td>
  </tr>`;
}
