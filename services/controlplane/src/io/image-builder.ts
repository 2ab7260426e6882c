import { HearthError } from "@hearth/errors";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { EnvironmentSpec } from "../core/environment.ts";
import { planImage, type ImagePlan, type PipStep } from "../core/plan-image.ts";
import { findPython, type Python } from "./find-python.ts";
import { runCommand } from "./run-command.ts";

type SupportedPlan = ImagePlan & { readonly kind: "supported" };
type OnLogLine = (line: string) => void;

/** What a runner of an image is started with. */
export interface PreparedImage {
  /** The Python to run with. */
  readonly python: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** Makes virtual environments for images, one per distinct plan, under one folder. */
export class ImageBuilder {
  readonly #folder: string;
  readonly #building = new Map<string, Promise<void>>();
  readonly #pythons = new Map<string, Python>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Builds what is not there yet. Throws a `HearthError`: IMAGE_NOT_SUPPORTED, IMAGE_BUILD_FAILED. */
  async build(spec: EnvironmentSpec, onLogLine: OnLogLine): Promise<void> {
    const plan = supportedPlan(spec);
    for (const note of plan.notes) onLogLine(note);
    if (spec.language !== "python") return;
    const python = await this.#python(plan.python);
    if (plan.pipSteps.length === 0) return;
    const hash = hashOf(plan, python);
    const folder = join(this.#folder, hash);
    if (isComplete(folder)) return onLogLine(`Image ${hash} is there already.`);
    const building = this.#building.get(hash);
    if (building !== undefined) {
      onLogLine(`Image ${hash} is being built by another deployment; waiting for it.`);
      return building;
    }
    const build = buildVirtualEnvironment(plan, python, folder, onLogLine).finally(() => this.#building.delete(hash));
    this.#building.set(hash, build);
    await build;
  }

  /** What a replica of a built image starts with. */
  async prepared(spec: EnvironmentSpec): Promise<PreparedImage> {
    const plan = supportedPlan(spec);
    const { variables } = plan;
    if (spec.language !== "python") return { python: plan.python, variables };
    const python = await this.#python(plan.python);
    if (plan.pipSteps.length === 0) return { python: python.path, variables };
    const folder = join(this.#folder, hashOf(plan, python));
    // The cache may have been emptied since the deployment.
    if (!isComplete(folder)) await this.build(spec, () => undefined);
    return { python: join(folder, "bin", "python"), variables };
  }

  /** Asked once of each command: it costs a process, and replicas are to start fast. */
  async #python(command: string): Promise<Python> {
    const python = this.#pythons.get(command) ?? (await findPython(command));
    this.#pythons.set(command, python);
    return python;
  }
}

function supportedPlan(spec: EnvironmentSpec): SupportedPlan {
  const plan = planImage(spec);
  if (plan.kind === "unsupported") throw new HearthError("IMAGE_NOT_SUPPORTED", plan.problem);
  return plan;
}

/** Where the marker is, all of the build went well. A virtual environment cannot be moved, so it is built in place. */
function isComplete(folder: string): boolean {
  return existsSync(markerIn(folder));
}

function markerIn(folder: string): string {
  return join(folder, ".complete");
}

function hashOf({ pipSteps }: SupportedPlan, python: Python): string {
  return createHash("sha256").update(JSON.stringify({ python, pipSteps })).digest("hex").slice(0, 16);
}

async function buildVirtualEnvironment(
  plan: SupportedPlan,
  { path }: Python,
  folder: string,
  onLogLine: OnLogLine,
): Promise<void> {
  // What an interrupted build left behind.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    await step("the virtual environment", path, ["-m", "venv", folder], {}, onLogLine);
    for (const pip of plan.pipSteps) {
      onLogLine(`Installing ${pip.packages.join(" ")}`);
      await step("pip install", join(folder, "bin", "python"), pipArguments(pip), pip.variables, onLogLine);
    }
    await writeFile(markerIn(folder), "");
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function pipArguments({ packages, indexUrl, extraArguments }: PipStep): readonly string[] {
  const index = indexUrl === "" ? [] : ["--index-url", indexUrl];
  const quiet = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"];
  return ["-m", "pip", "install", ...quiet, ...index, ...extraArguments, "--", ...packages];
}

const lastLinesMax = 20;

async function step(
  what: string,
  command: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
  onLogLine: OnLogLine,
): Promise<void> {
  const lastLines: string[] = [];
  const listen = (line: string): void => {
    lastLines.push(line);
    if (lastLines.length > lastLinesMax) lastLines.shift();
    onLogLine(line);
  };
  try {
    await runCommand(command, args, variables, listen);
  } catch (error) {
    const output = lastLines.join("\n");
    const hint = output.includes("ensurepip")
      ? ' Python\'s "venv" module is incomplete here: install it (Debian: apt-get install python3-venv).'
      : "";
    throw new HearthError("IMAGE_BUILD_FAILED", `${what} failed: ${(error as Error).message}.${hint}\n${output}`);
  }
}
