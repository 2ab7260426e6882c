import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runHearth, startHearth, type Finished } from "./support/run-hearth.ts";

const workload = ["--rate", "20/s", "--burst", "30@60s", "--duration", "200ms:lognormal(p95=1s)", "--for", "5m"];
const policies = [
  ...["--policy", "small:replicas=1..9"],
  ...["--policy", "large:replicas=1..20,concurrency=4,buffer_replicas=3"],
];

function simulate(...args: readonly string[]): Promise<Finished> {
  return runHearth(["simulate", ...args]);
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "hearth-simulate-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

interface Document {
  readonly partial: boolean;
  readonly tradeOffs: readonly string[];
  readonly policies: readonly {
    readonly name: string;
    readonly partial: boolean;
    readonly figures: Readonly<Record<string, number>> & { readonly waitingMs: { readonly p95: number } };
  }[];
}

async function figures(...args: readonly string[]): Promise<Document> {
  const { code, stdout, stderr } = await simulate(...args, "--json");
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return JSON.parse(stdout) as Document;
}

test("the same seed gives the same figures to the letter, and another one another workload", async () => {
  const [once, again, other] = await Promise.all([
    simulate(...workload, ...policies, "--json"),
    simulate(...workload, ...policies, "--json"),
    simulate(...workload, ...policies, "--json", "--seed", "2"),
  ]);
  expect(once.code).toBe(0);
  expect(again.stdout).toBe(once.stdout);
  const executions = ({ stdout }: Finished): unknown =>
    (JSON.parse(stdout) as Document).policies[0]?.figures["executions"];
  expect(executions(other)).not.toBe(executions(once));
});

test("policies meet the same executions, and more room waits less", async () => {
  const document = await figures(...workload, ...policies);
  const [small, large] = document.policies;
  expect([small?.name, large?.name]).toEqual(["small", "large"]);
  expect(small?.figures["executions"]).toBe(large?.figures["executions"]);
  expect(large!.figures.waitingMs.p95).toBeLessThan(small!.figures.waitingMs.p95 / 10);
  expect(large!.figures["replicaSeconds"]).toBeGreaterThan(small!.figures["replicaSeconds"]!);
  expect(document.partial).toBe(false);
  expect(document.tradeOffs).toEqual([
    expect.stringMatching(
      /^large (does not wait|waits \d+ % less than small) at p95 .*pays [\d.]+x the replica-seconds\.$/,
    ),
  ]);
});

test("constant load on fixed replicas is what arithmetic says", async () => {
  // 10 executions a second of 500 ms each keep 5 of 10 slots busy.
  const document = await figures(
    ...["--rate", "10/s:even", "--duration", "500ms", "--for", "10m", "--start-up", "1s"],
    ...["--policy", "replicas=5,concurrency=2"],
  );
  const [policy] = document.policies;
  expect(policy?.figures).toMatchObject({ executions: 6_000, replicasMax: 5, rejected: 0, unfinished: 0 });
  expect(policy!.figures["replicaSeconds"]! / 3_000).toBeCloseTo(1, 2);
  expect(policy!.figures["utilisation"]).toBeCloseTo(0.5, 2);
  // Those of the first second wait for the replicas.
  expect(policy!.figures["cold"]).toBeGreaterThanOrEqual(10);
  expect(policy!.figures["cold"]).toBeLessThanOrEqual(12);
  expect(policy!.figures.waitingMs.p95).toBeLessThan(1);
});

test("what the bound on the backlog turns away is counted", async () => {
  const { policies: simulated } = await figures(
    ...["--burst", "100@1h", "--duration", "1s", "--for", "1m", "--backlog-max", "40"],
    ...["--policy", "replicas=1"],
  );
  expect(simulated[0]?.figures).toMatchObject({ executions: 40, rejected: 60 });
});

test("a trace says what arrives, and a line that cannot be read is named", async () => {
  const trace = join(newFolder(), "trace.csv");
  writeFileSync(trace, "arrival_ms,duration_ms,affinity_key\n1000,100,a\n3000,100,b\n4000,100,a\n");
  const { policies: simulated } = await figures("--trace", trace, "--policy", "replicas=1");
  expect(simulated[0]?.figures).toMatchObject({ executions: 3, succeeded: 3, cold: 1, replicasMax: 1 });

  writeFileSync(trace, "arrival_ms,duration_ms\n1000,100\n2000,soon\n");
  expect(await simulate("--trace", trace, "--policy", "replicas=1")).toMatchObject({
    code: 1,
    stdout: "",
    stderr: 'TRACE_UNREADABLE: Line 3: duration_ms is "soon", which is no number.\n',
  });
  const missing = await simulate("--trace", join(trace, "nowhere"), "--policy", "replicas=1");
  expect(missing.code).toBe(1);
  expect(missing.stderr).toMatch(/^TRACE_UNREADABLE: /);
});

test("people get a table with the best marked, the trade-off, plots of blocks, and a drawing in a file", async () => {
  const svg = join(newFolder(), "plots.svg");
  const { code, stdout } = await simulate(...workload, ...policies, "--svg", svg);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^FIGURE +SMALL +LARGE$/m);
  expect(stdout).toMatch(/^waiting, p95 .*\*$/m);
  expect(stdout).toMatch(/^\* the best of its row\nlarge (waits|does not wait) /m);
  expect(stdout).toContain("small: replicas over time");
  expect(stdout).toMatch(/█/);
  expect(stdout).not.toContain("\u001b");
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  const drawing = readFileSync(svg, "utf8");
  expect(drawing).toContain(">small</text>");
  expect(drawing).not.toMatch(/NaN|Infinity|undefined/);
});

test("Ctrl-C gives what there is so far and says that it is partial", async () => {
  const long = ["--rate", "200/s", "--duration", "1s", "--for", "30d", "--policy", "replicas=300", "--json"];
  const running = startHearth(["simulate", ...long]);
  await expect.poll(() => running.soFar.stderr, { timeout: 20_000 }).toMatch(/^simulating: \d+ %, [\d,]+ executions/);
  running.child.kill("SIGINT");
  const { code, stdout } = await running.finished;
  expect(code).toBe(0);
  const document = JSON.parse(stdout) as Document;
  expect(document).toMatchObject({ partial: true, policies: [{ partial: true }] });
  expect(document.policies[0]!.figures["executions"]).toBeGreaterThan(0);
});

test.each([
  [["--rate", "1/s", "--duration", "1s"], "There is nothing to simulate: give --policy or --environment."],
  [["--policy", ""], "No execution would arrive: give --rate, --burst or --trace."],
  [["--policy", "", "--rate", "1/s"], "Say with --duration how long a task works."],
  [["--policy", "", "--trace", "x", "--rate", "1/s"], "A trace says itself what arrives when"],
  [["--policy", "replicas=5..2"], "min_replicas is 5 and max_replicas 2"],
  [["--policy", "a:", "--policy", "a:", "--rate", "1/s", "--duration", "1s"], 'Two policies are called "a".'],
])("%j exits 2 and says what is wrong", async (args, message) => {
  const { code, stdout, stderr } = await simulate(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(message);
});
