import type Docker from "dockerode";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pack, type Pack } from "tar-stream";
import { isStatus } from "./docker-engine.ts";
import { toolsFolder, type Tool, type Tools } from "./docker-tools.ts";

/** Where this file is, all of the tools are: it is the last one written. */
const marker = ".complete";

/** The volume of an engine that holds the tools, named after what is in it and so shared by installations. */
export class DockerToolsVolume {
  readonly #docker: Docker;
  readonly #tools: Tools;
  readonly #labels: Readonly<Record<string, string>>;
  #filled: Promise<void> | undefined;

  /** `labels` are those of the containers that are made, never run, to reach the volume. */
  constructor(docker: Docker, tools: Tools, labels: Readonly<Record<string, string>>) {
    this.#docker = docker;
    this.#tools = tools;
    this.#labels = labels;
  }

  get mount(): Docker.MountSettings {
    return { ...this.#writable, ReadOnly: true };
  }

  /** Fills it if need be. `image` is any image that the engine has. */
  async fill(image: string): Promise<void> {
    // Somebody may tidy the engine up at any time, and a container would get an empty volume in its place.
    if (this.#filled !== undefined && !(await this.#exists())) this.#filled = undefined;
    this.#filled ??= this.#fill(image);
    try {
      await this.#filled;
    } catch (error) {
      this.#filled = undefined;
      throw error;
    }
  }

  get #name(): string {
    return `hearth-tools-${this.#tools.hash}`;
  }

  get #writable(): Docker.MountSettings {
    const labels = { "hearth.tools": this.#tools.hash };
    const options = { NoCopy: true, Labels: labels, DriverConfig: { Name: "local", Options: {} } };
    return { Type: "volume", Source: this.#name, Target: toolsFolder, VolumeOptions: options };
  }

  async #exists(): Promise<boolean> {
    // While it is being filled its container is about to make it.
    await this.#filled?.catch(() => undefined);
    try {
      await this.#docker.getVolume(this.#name).inspect();
      return true;
    } catch (error) {
      if (isStatus(error, 404)) return false;
      throw error;
    }
  }

  /** The engine reaches a volume through a container alone, which need not run. */
  async #fill(image: string): Promise<void> {
    const container = await this.#docker.createContainer({
      Image: image,
      Entrypoint: ["none"],
      Cmd: [],
      Labels: this.#labels,
      HostConfig: { Mounts: [this.#writable], NetworkMode: "none" },
    });
    try {
      if (await isThere(container, `${toolsFolder}/${marker}`)) return;
      await container.putArchive(Readable.from(archiveOf(this.#tools.files)), { path: toolsFolder });
    } finally {
      await container.remove({ force: true });
    }
  }
}

/** Whether a container has a file, running or not. */
export async function isThere(container: Docker.Container, path: string): Promise<boolean> {
  try {
    await container.infoArchive({ path });
    return true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
}

function archiveOf(files: readonly Tool[]): Pack {
  const archive = pack();
  write(archive, files).then(
    () => archive.finalize(),
    (error: unknown) => archive.destroy(error as Error),
  );
  return archive;
}

async function write(archive: Pack, files: readonly Tool[]): Promise<void> {
  const folders = new Set(files.flatMap(({ path }) => parentsOf(path)));
  for (const folder of [...folders].sort()) archive.entry({ name: folder, type: "directory", mode: 0o755 });
  for (const { path, source, executable } of files) {
    const { size } = await stat(source);
    const entry = archive.entry({ name: path, size, mode: executable ? 0o755 : 0o644 });
    await pipeline(createReadStream(source), entry);
  }
  archive.entry({ name: marker, mode: 0o644 }, "");
}

/** "a/b/c" is in "a" and "a/b". */
function parentsOf(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === "." ? [] : [...parentsOf(parent), parent];
}
