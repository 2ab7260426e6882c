import { describeDuration } from "../../core/describe.ts";
import { phaseOf, type Attempt, type ExecutionHistory, type Failure } from "../../core/execution-history.ts";
import type { LogLine } from "../../core/log-budget.ts";
import type { RunHistory } from "../../io/history-store.ts";
import { html, type Html } from "./html.ts";
import { page } from "./page.ts";

/** How much of a run its page shows. */
export const shown = { executions: 1_000, lines: 1_000 } as const;

/** A run: its executions as a tree, where each ran, how long it waited and why, how it ended, and what it printed. */
export function runPage(
  run: RunHistory,
  executions: readonly ExecutionHistory[],
  lines: readonly LogLine[],
  now: number,
  waitReasonOf: (execution: ExecutionHistory) => string,
): string {
  const { root } = run;
  const phase = phaseOf(root);
  const body = html`
    <h1>${root.environment}.${root.task} <span class="${phase}">${phase}</span></h1>
    <p class="note">
      Run <code>${root.id}</code>, accepted ${new Date(root.acceptedMs).toISOString()},
      ${root.endedMs === 0 ? "going on for" : "took"} ${describeDuration((root.endedMs || now) - root.acceptedMs)}
    </p>
    ${root.failure === undefined ? html`` : failureBlock(root.failure)}
    <h2>Executions</h2>
    <table>
      <tr>
        <th>task</th>
        <th>phase</th>
        <th>attempt</th>
        <th>replica</th>
        <th>runner</th>
        <th></th>
        <th>waited</th>
        <th>ran</th>
      </tr>
      ${inTree(executions).flatMap(({ execution, depth }) => executionRows(execution, depth, now, waitReasonOf))}
    </table>
    ${executions.length < shown.executions ? html`` : html`<p class="note">The first ${shown.executions} executions.</p>`}
    ${executions.filter(({ id, failure }) => id !== root.id && failure !== undefined).map(childFailure)}
    <h2>Printed</h2>
    ${lines.length === 0 ? html`<p class="note">Nothing yet.</p>` : html`<pre>${lines.map(logLine)}</pre>`}
    ${lines.length < shown.lines ? html`` : html`<p class="note">The first ${shown.lines} lines.</p>`}
  `;
  return page(`${root.environment}.${root.task}`, body, root.outcome === "none" ? 1 : undefined);
}

interface Node {
  readonly execution: ExecutionHistory;
  readonly depth: number;
}

/** Every execution below the one that asked for it, oldest first. One whose parent is not shown stands at the top. */
function inTree(executions: readonly ExecutionHistory[]): readonly Node[] {
  const known = new Set(executions.map(({ id }) => id));
  const children = Map.groupBy(executions, ({ parentId }) => (known.has(parentId) ? parentId : ""));
  const nodes: Node[] = [];
  const waiting = (children.get("") ?? []).map((execution) => ({ execution, depth: 0 })).reverse();
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const { execution, depth } = node;
    nodes.push(node);
    const below = children.get(execution.id) ?? [];
    waiting.push(...below.map((child) => ({ execution: child, depth: depth + 1 })).reverse());
  }
  return nodes;
}

function executionRows(
  execution: ExecutionHistory,
  depth: number,
  now: number,
  waitReasonOf: (execution: ExecutionHistory) => string,
): readonly Html[] {
  const phase = phaseOf(execution);
  const name = html`<td style="padding-left: ${depth * 1.5}rem">${execution.environment}.${execution.task}</td>
    <td class="${phase}">${phase}</td>`;
  if (execution.attempts.length === 0) {
    const waited = describeDuration((execution.endedMs || now) - execution.acceptedMs);
    const reason = execution.endedMs === 0 ? waitReasonOf(execution) : "";
    return [
      html`<tr>
        ${name}
        <td></td>
        <td></td>
        <td></td>
        <td></td>
        <td>${waited}${reason === "" ? "" : `: ${reason}`}</td>
        <td></td>
      </tr>`,
    ];
  }
  return execution.attempts.map((attempt, index) => {
    const waitedFrom = execution.attempts[index - 1]?.endedMs ?? execution.acceptedMs;
    return html`<tr>
      ${
        index === 0
          ? name
          : html`<td></td>
              <td></td>`
      }${attemptCells(attempt, waitedFrom, now)}
    </tr>`;
  });
}

function attemptCells(attempt: Attempt, waitedFrom: number, now: number): Html {
  const waited = attempt.dispatchedMs === 0 ? "" : describeDuration(Math.max(0, attempt.dispatchedMs - waitedFrom));
  const began = attempt.startedMs || attempt.dispatchedMs;
  const ran = began === 0 ? "" : describeDuration(Math.max(0, (attempt.endedMs || now) - began));
  const reason = attempt.waitReason === "" ? "" : `: ${attempt.waitReason}`;
  const outcome = attempt.outcome === "none" ? "" : attempt.outcome;
  return html`<td>${attempt.number} <span class="${outcome}">${outcome}</span></td>
    <td><code>${attempt.replicaId}</code></td>
    <td>${attempt.runnerPid === 0 ? "" : `pid ${attempt.runnerPid}`}</td>
    <td>${attempt.cold ? "cold" : "warm"}</td>
    <td>${waited}${reason}</td>
    <td>${ran}</td>`;
}

function childFailure({ environment, task, id, failure }: ExecutionHistory): Html {
  if (failure === undefined) return html``;
  return html`<h3>${environment}.${task} <code>${id}</code></h3>
    ${failureBlock(failure)}`;
}

function failureBlock({ reason, message, exceptionType, traceback }: Failure): Html {
  const type = exceptionType === "" ? "" : `${exceptionType}: `;
  return html`<p class="failed"><strong>${reason}</strong> ${type}${message}</p>
    ${traceback === "" ? html`` : html`<pre>${traceback}</pre>`}`;
}

function logLine({ stream, text }: LogLine): Html {
  return html`<span class="${stream === "stderr" ? "failed" : ""}">${text}</span>${"\n"}`;
}
