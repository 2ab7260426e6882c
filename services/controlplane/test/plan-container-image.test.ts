import { expect, test } from "vitest";
import { limitsProblem } from "../src/core/container-limits.ts";
import type { Image, ImageLayer } from "../src/core/environment.ts";
import { dockerfile, planContainerImage, type ContainerImagePlan } from "../src/core/plan-container-image.ts";
import { pip, specOf } from "./support/spec.ts";

const bases = { python: "python:{version}-slim", node: "node:24" };

function plan(
  layers: readonly ImageLayer[],
  base: Image["base"] = { kind: "debian", pythonVersion: "" },
  language: "python" | "node" = "python",
): ContainerImagePlan {
  return planContainerImage(specOf({ image: { base, layers }, language }), bases);
}

/** What the only step runs. */
function stepOf(...layers: readonly ImageLayer[]): unknown {
  const planned = plan(layers);
  if (planned.kind === "unsupported") throw new Error(planned.problem);
  expect(planned.steps).toHaveLength(1);
  const [, json = ""] = /^RUN (\[.*\])$/.exec(planned.steps[0] ?? "") ?? [];
  return JSON.parse(json);
}

const commands = (...list: readonly string[]): ImageLayer => ({ kind: "commands", commands: list });
const variables = (values: Readonly<Record<string, string>>): ImageLayer => ({
  kind: "processVariables",
  variables: values,
});

test.each<{ base: Image["base"]; language: "python" | "node"; image: string }>([
  { base: { kind: "debian", pythonVersion: "" }, language: "python", image: "python:3.12-slim" },
  { base: { kind: "debian", pythonVersion: "3.13" }, language: "python", image: "python:3.13-slim" },
  { base: { kind: "debian", pythonVersion: "3.13" }, language: "node", image: "node:24" },
  { base: { kind: "reference", reference: "ours/base:1" }, language: "python", image: "ours/base:1" },
  { base: { kind: "reference", reference: "ours/base:1" }, language: "node", image: "ours/base:1" },
])("the base $base for $language is the image $image", ({ base, language, image }) => {
  expect(plan([], base, language)).toMatchObject({ kind: "supported", base: image, steps: [] });
});

test("an image without steps needs no build, whatever variables its runner has", () => {
  expect(plan([variables({ MODE: "fast" }), pip(["unionai-reuse"])])).toMatchObject({
    steps: [],
    variables: { MODE: "fast" },
  });
});

test.each(["unionai-reuse", "unionai-reuse>=0.1.3", "UnionAI_Reuse==1"])(
  "the requirement %s is skipped, since the runner stands in for it, and the log says so",
  (requirement) => {
    const planned = plan([pip(["numpy>=2", requirement])]);
    expect(planned).toMatchObject({ notes: [expect.stringContaining(requirement)] });
    expect(JSON.stringify(planned)).toContain("numpy>=2");
  },
);

test("Python packages are installed by the image's own pip, from the index that is asked for", () => {
  const layer: ImageLayer = {
    kind: "pipPackages",
    packages: ["numpy>=2", "-not-an-option"],
    indexUrl: "https://index.example/simple",
    extraArguments: ["--pre"],
  };
  expect(stepOf(layer)).toEqual([
    ...["python3", "-m", "pip", "install", "--no-input", "--no-cache-dir", "--disable-pip-version-check"],
    ...["--progress-bar", "off", "--index-url", "https://index.example/simple", "--pre"],
    ...["--", "numpy>=2", "-not-an-option"],
  ]);
});

test("Debian packages are arguments of a script and never a part of it", () => {
  const packages = ["libgl1", "$(reboot)"];
  const step = stepOf({ kind: "aptPackages", packages });
  expect(step).toEqual(["/bin/sh", "-c", expect.stringContaining('-- "$@"'), "apt", ...packages]);
});

test("every command is a step of its own, read by one shell", () => {
  expect(plan([commands("make all", 'echo "$HOME"')])).toMatchObject({
    steps: ['RUN ["/bin/sh","-c","make all"]', String.raw`RUN ["/bin/sh","-c","echo \"$HOME\""]`],
  });
});

test("process variables hold for the steps after them and for the runner, their last value at each place", () => {
  const planned = plan([
    commands("a"),
    variables({ MODE: "x", OTHER: "1" }),
    commands("b"),
    variables({ MODE: "y" }),
    commands("c"),
  ]);
  expect(planned).toMatchObject({
    steps: [
      'RUN ["/bin/sh","-c","a"]',
      'RUN ["env","MODE=x","OTHER=1","/bin/sh","-c","b"]',
      'RUN ["env","MODE=y","OTHER=1","/bin/sh","-c","c"]',
    ],
    variables: { MODE: "y", OTHER: "1" },
  });
});

test.each(["two\nlines", "end \\", "'\"$(x)`${y}", "# syntax", "cat <<EOF", "ünï"])(
  "the command %j stays one line of a Dockerfile and means what it says",
  (command) => {
    expect(stepOf(commands(command))).toEqual(["/bin/sh", "-c", command]);
    const [step = ""] = (plan([commands(command)]) as { readonly steps: readonly string[] }).steps;
    expect(step).not.toContain("<<");
  },
);

test("Python packages upon the Debian base of a Node environment are refused by name", () => {
  const planned = plan([pip(["numpy"])], { kind: "debian", pythonVersion: "" }, "node");
  expect(planned).toMatchObject({ kind: "unsupported", problem: expect.stringContaining("numpy") as string });
});

test("Python packages upon a named image are its own affair", () => {
  expect(plan([pip(["numpy"])], { kind: "reference", reference: "both:1" }, "node")).toMatchObject({
    kind: "supported",
    steps: [expect.stringContaining("numpy")],
  });
});

test("the version of the image's Python matters only when one is asked for", () => {
  expect(plan([], { kind: "debian", pythonVersion: "3.12" })).toMatchObject({ pythonVersion: "3.12" });
  expect(plan([], { kind: "reference", reference: "a" })).toMatchObject({ pythonVersion: undefined });
});

test.each([
  { user: "", lines: ["USER 0", "RUN x"] },
  { user: "app", lines: ["USER 0", "RUN x", "USER app"] },
])("steps run as root, and containers as the base's user again: $user", ({ user, lines }) => {
  const text = dockerfile("base:1", ["RUN x"], user);
  expect(text.startsWith("FROM base:1\n")).toBe(true);
  expect(text.split("\n").filter((line) => /^(USER|RUN)/.test(line))).toEqual(lines);
});

test.each([
  { cpu: "2", memory: "6Mi", problem: undefined },
  { cpu: "10m", memory: "", problem: undefined },
  { cpu: "", memory: "", problem: undefined },
  { cpu: "2001m", memory: "", problem: "2 processors" },
  { cpu: "5m", memory: "", problem: "10m" },
  { cpu: "", memory: "5Mi", problem: "6Mi" },
])("cpu '$cpu' and memory '$memory' on an engine with 2 processors: $problem", ({ cpu, memory, problem }) => {
  const found = limitsProblem(specOf({ resources: { cpu, memory } }), 2);
  if (problem === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(problem);
});
