import type { EnvironmentSpec, ImageLayer } from "./environment.ts";

/** One "pip install" and the process variables that are set for it. */
export interface PipStep {
  readonly packages: readonly string[];
  readonly indexUrl: string;
  readonly extraArguments: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

/** How the process provider can honour an image, or why it cannot. */
export type ImagePlan =
  | {
      readonly kind: "supported";
      /** The command of the Python that is wanted, such as "python3.12"; "python3" when any will do. */
      readonly python: string;
      readonly pipSteps: readonly PipStep[];
      /** Requirements that Hearth's runner stands in for. */
      readonly skipped: readonly string[];
      /** Process variables of the runner. */
      readonly variables: Readonly<Record<string, string>>;
      /** What a person should know of this plan, for the build's log. */
      readonly notes: readonly string[];
    }
  | { readonly kind: "unsupported"; readonly problem: string };

/** What other reusable-container SDKs ask for by this name is what Hearth's own runner does. */
const replacedByRunner = "unionai-reuse";

/**
 * The image as far as a process on this machine can have it: Python packages in a virtual environment, a Python version
 * that is installed, and process variables. What changes the system below that is refused by name.
 */
export function planImage(spec: EnvironmentSpec): ImagePlan {
  const { base, layers } = spec.image;
  if (base.kind === "reference") {
    return unsupported(`the base image "${base.reference}"`, "use the Debian base");
  }
  const pipSteps: PipStep[] = [];
  const skipped: string[] = [];
  let variables: Readonly<Record<string, string>> = {};
  for (const layer of layers) {
    const foreign = foreignStep(layer);
    if (foreign !== undefined) return unsupported(foreign.what, foreign.instead);
    if (layer.kind === "processVariables") variables = { ...variables, ...layer.variables };
    if (layer.kind !== "pipPackages") continue;
    const packages = layer.packages.filter((requirement) => packageName(requirement) !== replacedByRunner);
    skipped.push(...layer.packages.filter((requirement) => packageName(requirement) === replacedByRunner));
    if (packages.length === 0) continue;
    if (spec.language === "node") {
      return unsupported(
        `the Python packages ${packages.join(", ")} in a Node environment`,
        "bundle Node packages with the code",
      );
    }
    pipSteps.push({ packages, indexUrl: layer.indexUrl, extraArguments: layer.extraArguments, variables });
  }
  const python = base.pythonVersion === "" ? "python3" : `python${base.pythonVersion}`;
  return { kind: "supported", python, pipSteps, skipped, variables, notes: notesOf(spec, skipped) };
}

function unsupported(what: string, instead: string): ImagePlan {
  return {
    kind: "unsupported",
    problem: `Replicas are processes on this machine, which cannot have ${what}: ${instead}.`,
  };
}

function foreignStep(layer: ImageLayer): { readonly what: string; readonly instead: string } | undefined {
  switch (layer.kind) {
    case "aptPackages":
      return {
        what: `the Debian packages ${layer.packages.join(", ")}`,
        instead: "install them on the machine and leave the step out, or use a provider of containers",
      };
    case "commands":
      return {
        what: `the commands ${layer.commands.map((command) => `"${command}"`).join(", ")}`,
        instead: "run them on the machine and leave the step out, or use a provider of containers",
      };
    case "pipPackages":
    case "processVariables":
      return undefined;
  }
}

function notesOf(spec: EnvironmentSpec, skipped: readonly string[]): readonly string[] {
  const notes = skipped.map((requirement) => `Skipping ${requirement}: Hearth's own runner does what it is for.`);
  const { cpu, memory } = spec.resources;
  if (cpu !== "") notes.push(`Not enforced, since replicas are processes on this machine: cpu ${cpu}.`);
  if (memory !== "")
    notes.push(`Memory ${memory} is enforced by each replica's agent: it ends a runner that holds more.`);
  return notes;
}

/** The name in a requirement specifier, normalised as PEP 503 says. */
function packageName(requirement: string): string {
  const [name = ""] = /^[A-Za-z0-9._-]+/.exec(requirement.trim()) ?? [];
  return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
}
