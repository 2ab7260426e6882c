import { HearthError } from "@hearth/errors";
import type Docker from "dockerode";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pack } from "tar-stream";
import type { EnvironmentSpec } from "../core/environment.ts";
import {
  dockerfile,
  planContainerImage,
  type ContainerImagePlan,
  type DebianBases,
} from "../core/plan-container-image.ts";
import { isStatus } from "./docker-engine.ts";
import { jsonLines } from "./docker-output.ts";
import { lookIntoImage, type LookOptions } from "./docker-image-look.ts";

type SupportedPlan = ContainerImagePlan & { readonly kind: "supported" };
type OnLogLine = (line: string) => void;

/** What a container of an image starts with. */
export interface PreparedDockerImage {
  /** The image's id on the engine. */
  readonly id: string;
  /** Its Python; empty in a Node environment. */
  readonly python: string;
  /** The image's own process variables. */
  readonly ownVariables: Readonly<Record<string, string>>;
  /** Those that the spec adds. */
  readonly variables: Readonly<Record<string, string>>;
  /** Whether it has the folder that programs put their temporary files into. */
  readonly hasTmp: boolean;
}

/** Has images made by the engine, one per distinct base and steps, as `hearth/<hash>`. */
export class DockerImageBuilder {
  readonly #docker: Docker;
  readonly #bases: DebianBases;
  readonly #look: LookOptions;
  readonly #building = new Map<string, Promise<void>>();
  readonly #looked = new Map<string, ReturnType<typeof lookIntoImage>>();

  constructor(options: {
    readonly docker: Docker;
    readonly bases: DebianBases;
    /** The network that steps have. */
    readonly network: string;
    readonly labels: Readonly<Record<string, string>>;
  }) {
    this.#docker = options.docker;
    this.#bases = options.bases;
    this.#look = options;
  }

  /**
   * Builds, or fetches, what the engine does not have yet. Quick when all is there. Throws a `HearthError`:
   * IMAGE_NOT_SUPPORTED, IMAGE_BUILD_FAILED.
   */
  async build(spec: EnvironmentSpec, onLogLine: OnLogLine): Promise<PreparedDockerImage> {
    const plan = planContainerImage(spec, this.#bases);
    if (plan.kind === "unsupported") throw new HearthError("IMAGE_NOT_SUPPORTED", plan.problem);
    for (const note of plan.notes) onLogLine(note);
    const base = (await this.#find(plan.base)) ?? (await this.#pull(plan.base, onLogLine));
    const image = plan.steps.length === 0 ? base : await this.#derived(plan, base, onLogLine);
    const { python, hasTmp } = await this.#lookOnce(image.Id, plan, spec.language === "python");
    const { variables } = plan;
    return { id: image.Id, python, hasTmp, ownVariables: parseVariables(image.Config.Env), variables };
  }

  /** The image of the plan's steps, built unless it is there. */
  async #derived(
    plan: SupportedPlan,
    base: Docker.ImageInspectInfo,
    onLogLine: OnLogLine,
  ): Promise<Docker.ImageInspectInfo> {
    const text = dockerfile(plan.base, plan.steps, base.Config.User);
    const hash = createHash("sha256")
      .update(JSON.stringify([base.Id, text]))
      .digest("hex")
      .slice(0, 16);
    const tag = `hearth/${hash}`;
    const found = await this.#find(tag);
    if (found !== undefined) {
      onLogLine(`Image ${tag} is there already.`);
      return found;
    }
    const building = this.#building.get(tag);
    if (building !== undefined) {
      onLogLine(`Image ${tag} is being built by another deployment; waiting for it.`);
      await building;
    } else {
      const build = this.#build(text, tag, onLogLine).finally(() => this.#building.delete(tag));
      this.#building.set(tag, build);
      await build;
    }
    const built = await this.#find(tag);
    if (built === undefined)
      throw new HearthError("IMAGE_BUILD_FAILED", `The engine built ${tag} and does not have it.`);
    return built;
  }

  async #build(text: string, tag: string, onLogLine: OnLogLine): Promise<void> {
    const context = pack();
    context.entry({ name: "Dockerfile" }, text);
    context.finalize();
    const options = {
      t: tag,
      rm: true,
      forcerm: true,
      networkmode: this.#look.network,
      labels: { "hearth.image": tag },
    };
    const last = new LastLines(onLogLine);
    try {
      await follow(await this.#docker.buildImage(Readable.from(context), options), last.add);
    } catch (error) {
      throw new HearthError("IMAGE_BUILD_FAILED", `${(error as Error).message}\n${last.text}`);
    }
  }

  async #pull(reference: string, onLogLine: OnLogLine): Promise<Docker.ImageInspectInfo> {
    onLogLine(`Pulling ${reference}`);
    try {
      // Without a tag the engine would fetch every tag there is.
      const whole = /[:@][^/]+$/.test(reference) ? reference : `${reference}:latest`;
      await follow(await this.#docker.pull(whole), onLogLine);
    } catch (error) {
      throw new HearthError(
        "IMAGE_BUILD_FAILED",
        `The image "${reference}" is not on the Docker engine and could not be pulled (${(error as Error).message}): ` +
          "check its name, or have the engine pull or load it, which may need a login to its registry.",
      );
    }
    const pulled = await this.#find(reference);
    if (pulled === undefined)
      throw new HearthError("IMAGE_BUILD_FAILED", `The engine pulled "${reference}" and does not have it.`);
    return pulled;
  }

  async #find(name: string): Promise<Docker.ImageInspectInfo | undefined> {
    try {
      return await this.#docker.getImage(name).inspect();
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  /** An image is looked into once: it costs a container, and replicas are to start fast. */
  async #lookOnce(image: string, plan: SupportedPlan, python: boolean): ReturnType<typeof lookIntoImage> {
    const key = `${image} ${python ? `python${plan.pythonVersion ?? ""}` : "node"}`;
    const looking =
      this.#looked.get(key) ??
      lookIntoImage({ ...this.#look, image, name: plan.base, python, pythonVersion: plan.pythonVersion });
    this.#looked.set(key, looking);
    try {
      return await looking;
    } catch (error) {
      this.#looked.delete(key);
      throw error;
    }
  }
}

/** Reads what the engine tells of a build or a pull, up to its end. */
async function follow(stream: NodeJS.ReadableStream, onLogLine: OnLogLine): Promise<void> {
  for await (const progress of jsonLines(stream)) {
    const told = progress as Progress;
    if (told.error !== undefined) throw new Error(told.error);
    for (const part of linesOf(told)) {
      // The engine colours what a step writes to stderr.
      const plain = part.replaceAll(/\u001b\[[0-9;]*m/g, "").trimEnd();
      if (plain !== "") onLogLine(plain);
    }
  }
}

function linesOf({ stream, id, status, progressDetail }: Progress): readonly string[] {
  if (stream !== undefined) return stream.split(/[\r\n]+/);
  // What only says how far a download is would be thousands of lines.
  if (status === undefined || progressDetail?.total !== undefined) return [];
  return [id === undefined ? status : `${id}: ${status}`];
}

interface Progress {
  readonly error?: string;
  readonly stream?: string;
  readonly id?: string;
  readonly status?: string;
  readonly progressDetail?: { readonly total?: number };
}

const lastLinesMax = 20;

/** Passes lines on and keeps the last of them. */
class LastLines {
  readonly #lines: string[] = [];
  readonly add: OnLogLine;

  constructor(onLogLine: OnLogLine) {
    this.add = (line) => {
      this.#lines.push(line);
      if (this.#lines.length > lastLinesMax) this.#lines.shift();
      onLogLine(line);
    };
  }

  get text(): string {
    return this.#lines.join("\n");
  }
}

/** Engines answer with null when an image sets none. */
function parseVariables(variables: readonly string[] | null): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (variables ?? []).map((variable) => {
      const equals = variable.indexOf("=");
      return [variable.slice(0, equals), variable.slice(equals + 1)];
    }),
  );
}
