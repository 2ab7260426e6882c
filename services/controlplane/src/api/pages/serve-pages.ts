import type { Clock } from "@hearth/clock";
import { HearthError } from "@hearth/errors";
import type { HttpHandler } from "@hearth/rpc/connect";
import type { IncomingMessage, ServerResponse } from "node:http";
import { waitReasonIn, type Pools } from "../../core/pool-view.ts";
import type { HistoryStore } from "../../io/history-store.ts";
import type { ReplicaStore } from "../../io/replica-store.ts";
import type { Environments } from "../environments.ts";
import type { RunReader } from "../run-history.ts";
import { homePage } from "./home-page.ts";
import { html } from "./html.ts";
import { page } from "./page.ts";
import { runPage, shown } from "./run-page.ts";

export interface PageSources {
  readonly clock: Clock;
  readonly environments: Environments;
  readonly pools: Pools;
  readonly replicas: ReplicaStore;
  readonly store: HistoryStore;
  readonly runs: RunReader;
}

interface Answer {
  readonly status: number;
  readonly type: "text/html; charset=utf-8" | "text/plain; charset=utf-8";
  readonly body: string;
}

const runPath = /^\/runs\/([^/]+)\/?$/;
const runsOnHomePage = 50;
const endedOnHomePage = 5;

/** What the HTTP port answers beside the services: pages for people, and the health check. */
export function servePages(sources: PageSources, report: (errorId: string, thrown: unknown) => void): HttpHandler {
  return (request, response) => {
    answer(sources, request as IncomingMessage)
      .catch((thrown: unknown) => problemPage(thrown, report))
      .then((reply) => send(response as ServerResponse, reply))
      .catch((thrown: unknown) => report("response", thrown));
  };
}

async function answer(sources: PageSources, request: IncomingMessage): Promise<Answer> {
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  if (request.method !== "GET" && request.method !== "HEAD") return notFound(path);
  if (path === "/healthz") return { status: 200, type: "text/plain; charset=utf-8", body: "ok\n" };
  if (path === "/") return { ...found, body: await home(sources) };
  const name = runPath.exec(path)?.[1];
  return name === undefined ? notFound(path) : { ...found, body: await run(sources, name) };
}

const found = { status: 200, type: "text/html; charset=utf-8" } as const;

async function home({ clock, environments, pools, replicas, store }: PageSources): Promise<string> {
  const views = (await environments.list()).map(async (environment) => {
    const recent = await replicas.listRecent(environment.name, 50);
    const ended = recent.filter(({ state }) => state === "ended").slice(0, endedOnHomePage);
    return { environment, pools: pools.pools(environment.name), ended };
  });
  return homePage(await Promise.all(views), await store.listRuns({ limit: runsOnHomePage }), clock.now());
}

async function run({ clock, runs, store, pools }: PageSources, name: string): Promise<string> {
  const history = await runs.get(name);
  const executions = await runs.executions(history, { limit: shown.executions });
  const lines = await store.readLogLines({ runId: name, after: 0, limit: shown.lines });
  return runPage(history, executions, lines, clock.now(), ({ environment, pool }) =>
    waitReasonIn(pools.pools(environment), pool),
  );
}

function notFound(path: string): Answer {
  return { ...found, status: 404, body: page("Not found", html`<p>There is nothing at ${path}.</p>`) };
}

function problemPage(thrown: unknown, report: (errorId: string, thrown: unknown) => void): Answer {
  if (thrown instanceof HearthError && thrown.reason === "RUN_NOT_FOUND") {
    return { ...found, status: 404, body: page("Not found", html`<p>${thrown.message}</p>`) };
  }
  const errorId = crypto.randomUUID();
  report(errorId, thrown);
  const body = page("Defect", html`<p>A defect in Hearth; its logs have the details under error id ${errorId}.</p>`);
  return { ...found, status: 500, body };
}

function send(response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, {
    "content-type": type,
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  });
  response.end(body);
}
