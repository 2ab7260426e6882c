import { HearthError } from "@hearth/errors";
import type Docker from "dockerode";
import { isStatus } from "./docker-engine.ts";
import { isThere } from "./docker-tools-volume.ts";
import { plainLines } from "./docker-output.ts";

export interface LookOptions {
  readonly docker: Docker;
  readonly network: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What an image has of what a replica needs. */
export interface Look {
  /** The path of its Python; empty when none was asked for. */
  readonly python: string;
  readonly hasTmp: boolean;
}

/** How long an image's Python may take to say who it is. */
const answerTimeoutMs = 60_000;

const askItself = "import platform, sys; print(platform.python_version(), sys.executable)";

/**
 * Makes a container of an image to see what is in it. Throws IMAGE_NOT_SUPPORTED when Python is wanted and there is
 * none of 3.10 or later, or none of the version that is asked for.
 */
export async function lookIntoImage({
  docker,
  labels,
  image,
  name,
  python,
  pythonVersion,
}: LookOptions & {
  readonly image: string;
  /** What a person calls the image. */
  readonly name: string;
  readonly python: boolean;
  readonly pythonVersion: string | undefined;
}): Promise<Look> {
  const container = await docker.createContainer({
    Image: image,
    Entrypoint: ["python3"],
    Cmd: ["-c", askItself],
    Labels: { ...labels },
    HostConfig: { NetworkMode: "none" },
  });
  try {
    return {
      python: python ? await askPython(container, name, pythonVersion) : "",
      hasTmp: await isThere(container, "/tmp"),
    };
  } finally {
    await container.remove({ force: true, v: true });
  }
}

async function askPython(container: Docker.Container, name: string, wanted: string | undefined): Promise<string> {
  const answer = await answerOf(container, name);
  const [, version = "", path = ""] = /^(\d+\.\d+\S*) (\/.*)$/m.exec(answer) ?? [];
  if (path === "") throw notSupported(`"python3" in the image "${name}" does not run: ${answer}`);
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < 3 || (major === 3 && minor < 10))
    throw notSupported(`"python3" in the image "${name}" is Python ${version}; Hearth needs Python 3.10 or later.`);
  if (wanted !== undefined && version !== wanted && !version.startsWith(`${wanted}.`)) {
    throw notSupported(
      `The image "${name}" has Python ${version}, not ${wanted}: leave python_version out, or have ` +
        'HEARTH_DOCKER_PYTHON_IMAGE name an image per version, with "{version}" in it.',
    );
  }
  return path;
}

async function answerOf(container: Docker.Container, name: string): Promise<string> {
  try {
    await container.start();
  } catch (error) {
    // The program that a container is to run was not found.
    if (!isStatus(error, 400, 404, 500)) throw error;
    const message = (error as Error).message;
    throw notSupported(
      `The image "${name}" has no "python3": name one with Python 3.10 or later on its PATH. (${message})`,
    );
  }
  await container.wait({ abortSignal: AbortSignal.timeout(answerTimeoutMs) });
  return plainLines(await container.logs({ stdout: true, stderr: true, tail: 20 })).join("\n");
}

function notSupported(message: string): HearthError {
  return new HearthError("IMAGE_NOT_SUPPORTED", message);
}
