import { expect, test } from "vitest";
import type { EnvironmentSpec, ImageLayer } from "../src/core/environment.ts";
import { planImage } from "../src/core/plan-image.ts";
import { pip, specOf } from "./support/spec.ts";

test.each(["unionai-reuse", "unionai-reuse>=0.1.3", "UnionAI_Reuse==1", "unionai.reuse[extra] ~= 2"])(
  "the requirement %s is skipped, since the runner stands in for it, and the log says so",
  (requirement) => {
    const plan = planImage(specOf({}, [pip(["numpy>=2", requirement])]));
    expect(plan).toMatchObject({ kind: "supported", skipped: [requirement], pipSteps: [{ packages: ["numpy>=2"] }] });
    expect(plan).toMatchObject({ notes: [expect.stringContaining(requirement)] });
  },
);

test("a package whose name only begins the same is installed", () => {
  expect(planImage(specOf({}, [pip(["unionai-reuse-extras"])]))).toMatchObject({ skipped: [] });
});

test("nothing but skipped requirements needs no virtual environment", () => {
  expect(planImage(specOf({}, [pip(["unionai-reuse"])]))).toMatchObject({ kind: "supported", pipSteps: [] });
});

test.each<{ step: string; layer: ImageLayer }>([
  { step: "libgl1", layer: { kind: "aptPackages", packages: ["libgl1"] } },
  { step: "make all", layer: { kind: "commands", commands: ["make all"] } },
])("a process cannot have $step: refused by name", ({ step, layer }) => {
  expect(planImage(specOf({}, [layer]))).toMatchObject({
    kind: "unsupported",
    problem: expect.stringContaining(step) as string,
  });
});

test("a base image by reference is refused by name", () => {
  const image: EnvironmentSpec["image"] = { base: { kind: "reference", reference: "python:3.12-slim" }, layers: [] };
  expect(planImage(specOf({ image }))).toMatchObject({
    problem: expect.stringContaining("python:3.12-slim") as string,
  });
});

test("Python packages in a Node environment are refused by name", () => {
  expect(planImage(specOf({ language: "node" }, [pip(["numpy"])]))).toMatchObject({
    kind: "unsupported",
    problem: expect.stringContaining("numpy") as string,
  });
});

test("a Node environment may ask for what the runner stands in for", () => {
  expect(planImage(specOf({ language: "node" }, [pip(["unionai-reuse>=0.1.10"])]))).toMatchObject({
    kind: "supported",
  });
});

test("process variables hold for the runner and for the steps after them", () => {
  const variables = (value: string): ImageLayer => ({ kind: "processVariables", variables: { MODE: value } });
  const plan = planImage(specOf({}, [pip(["a"]), variables("x"), pip(["b"]), variables("y")]));
  expect(plan).toMatchObject({ variables: { MODE: "y" }, pipSteps: [{ variables: {} }, { variables: { MODE: "x" } }] });
});

test("a Python version asks for its own command", () => {
  const image: EnvironmentSpec["image"] = { base: { kind: "debian", pythonVersion: "3.12" }, layers: [] };
  expect(planImage(specOf({ image }))).toMatchObject({ python: "python3.12" });
});

test("the log says which limits a process does not have, and who enforces the others", () => {
  const plan = planImage(specOf({ resources: { cpu: "500m", memory: "1Gi" } }, []));
  expect(plan).toMatchObject({
    notes: [
      "Not enforced, since replicas are processes on this machine: cpu 500m.",
      "Memory 1Gi is enforced by each replica's agent: it ends a runner that holds more.",
    ],
  });
});
