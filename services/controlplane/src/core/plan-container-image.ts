import type { EnvironmentSpec, ImageLayer } from "./environment.ts";

/** The images that stand for the Debian base. */
export interface DebianBases {
  /** For Python environments; "{version}" stands for the version that is asked for. */
  readonly python: string;
  readonly node: string;
}

/** How containers can have an image, or why they cannot. */
export type ContainerImagePlan =
  | {
      readonly kind: "supported";
      /** The image that is built upon, or used as it is when there are no steps. */
      readonly base: string;
      /** Instructions of a Dockerfile, one line each. */
      readonly steps: readonly string[];
      /** Process variables of the runner, beside the image's own. */
      readonly variables: Readonly<Record<string, string>>;
      /** Such as "3.12", when the image's Python must be of that version. */
      readonly pythonVersion: string | undefined;
      /** What a person should know of this plan, for the build's log. */
      readonly notes: readonly string[];
    }
  | { readonly kind: "unsupported"; readonly problem: string };

const pythonWhenAnyWillDo = "3.12";

/** What other reusable-container SDKs ask for by this name is what Hearth's own runner does. */
const replacedByRunner = "unionai-reuse";

/**
 * An image as steps upon a base. Every step is in Docker's JSON form, so that nothing a user writes is read by another
 * shell than the one it is meant for. Process variables hold for the steps after them and for the runner, and are
 * never written into the image itself.
 */
export function planContainerImage(spec: EnvironmentSpec, bases: DebianBases): ContainerImagePlan {
  const { base, layers } = spec.image;
  const steps: string[] = [];
  const skipped: string[] = [];
  let variables: Readonly<Record<string, string>> = {};
  for (const layer of layers) {
    switch (layer.kind) {
      case "processVariables":
        variables = { ...variables, ...layer.variables };
        break;
      case "aptPackages":
        if (layer.packages.length > 0) steps.push(run(variables, installDebian(layer.packages)));
        break;
      case "commands":
        steps.push(...layer.commands.map((command) => run(variables, ["/bin/sh", "-c", command])));
        break;
      case "pipPackages": {
        const packages = layer.packages.filter((requirement) => packageName(requirement) !== replacedByRunner);
        skipped.push(...layer.packages.filter((requirement) => packageName(requirement) === replacedByRunner));
        if (packages.length === 0) break;
        if (spec.language === "node" && base.kind === "debian") return pythonInNode(packages);
        steps.push(run(variables, installPython(layer, packages)));
      }
    }
  }
  return {
    kind: "supported",
    base: baseImage(spec, bases),
    steps,
    variables,
    pythonVersion: base.kind === "debian" && base.pythonVersion !== "" ? base.pythonVersion : undefined,
    notes: skipped.map((requirement) => `Skipping ${requirement}: Hearth's own runner does what it is for.`),
  };
}

/**
 * The Dockerfile of steps upon an image. They run as root, whoever the image's containers run as: packages cannot be
 * installed otherwise.
 *
 * @param user The user of the base image; empty: root.
 */
export function dockerfile(base: string, steps: readonly string[], user: string): string {
  const lines = [
    `FROM ${base}`,
    // An argument holds for the build alone. pip of Debian 12 refuses a system's Python otherwise.
    "ARG PIP_BREAK_SYSTEM_PACKAGES=1",
    "ARG PIP_ROOT_USER_ACTION=ignore",
    "ARG DEBIAN_FRONTEND=noninteractive",
    "USER 0",
    ...steps,
    ...(user === "" ? [] : [`USER ${user}`]),
  ];
  return `${lines.join("\n")}\n`;
}

function baseImage({ image: { base }, language }: EnvironmentSpec, bases: DebianBases): string {
  if (base.kind === "reference") return base.reference;
  if (language === "node") return bases.node;
  return bases.python.replaceAll("{version}", base.pythonVersion === "" ? pythonWhenAnyWillDo : base.pythonVersion);
}

function pythonInNode(packages: readonly string[]): ContainerImagePlan {
  return {
    kind: "unsupported",
    problem:
      `The Debian base of a Node environment has no Python for the packages ${packages.join(", ")}: ` +
      "bundle Node packages with the code, or name a base image that has Python.",
  };
}

function installDebian(packages: readonly string[]): readonly string[] {
  const script = 'apt-get update && apt-get install -y --no-install-recommends -- "$@" && rm -rf /var/lib/apt/lists/*';
  return ["/bin/sh", "-c", script, "apt", ...packages];
}

function installPython(
  { indexUrl, extraArguments }: ImageLayer & { readonly kind: "pipPackages" },
  packages: readonly string[],
): readonly string[] {
  const index = indexUrl === "" ? [] : ["--index-url", indexUrl];
  const quiet = ["--no-input", "--no-cache-dir", "--disable-pip-version-check", "--progress-bar", "off"];
  return ["python3", "-m", "pip", "install", ...quiet, ...index, ...extraArguments, "--", ...packages];
}

/** `env` takes values as they are; an ENV instruction would read "$" and backslashes in them. */
function run(variables: Readonly<Record<string, string>>, command: readonly string[]): string {
  const assignments = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const whole = assignments.length === 0 ? command : ["env", ...assignments, ...command];
  // "<" is written as an escape, since newer builders look for "<<" in a line before they read its JSON.
  return `RUN ${JSON.stringify(whole).replaceAll("<", "\\u003c")}`;
}

/** The name in a requirement specifier, normalised as PEP 503 says. */
function packageName(requirement: string): string {
  const [name = ""] = /^[A-Za-z0-9._-]+/.exec(requirement.trim()) ?? [];
  return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
}
