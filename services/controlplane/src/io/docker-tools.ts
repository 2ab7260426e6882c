import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { runCommand } from "./run-command.ts";

/** Where containers find the tools. */
export const toolsFolder = "/opt/hearth";

/** A file that containers get beside their image. */
export interface Tool {
  /** Below the tools' folder. */
  readonly path: string;
  /** On this machine. */
  readonly source: string;
  readonly executable: boolean;
}

/** Files, and how they are used in a container. */
export interface Tools {
  readonly files: readonly Tool[];
  /** Changes with every byte of them. */
  readonly hash: string;
  /** Starts the injected Node in any image, whatever libraries that has. */
  readonly nodeCommand: readonly string[];
}

/** Everything that a replica's container needs beside its image: Node, the agent, the runner, the Python package. */
export async function findTools(options: {
  /** The folder of agent.mjs and runner.mjs. */
  readonly programs: string;
  /** The folder that holds the Python package `hearth`. */
  readonly pythonSdk: string;
}): Promise<Tools> {
  const { programs, pythonSdk } = options;
  const node = await nodeFiles(process.execPath);
  const programFiles = [...(await withParts(programs, "agent.mjs")), "runner.mjs"].map((path) => ({
    path,
    source: join(programs, path),
    executable: false,
  }));
  const pythonFiles = (await readdir(join(pythonSdk, "hearth"), { recursive: true }))
    .filter((path) => path.endsWith(".py") || path.endsWith("py.typed"))
    .map((path) => ({
      path: join("python", "hearth", path),
      source: join(pythonSdk, "hearth", path),
      executable: false,
    }));
  return toolsOf(node, [...programFiles, ...pythonFiles]);
}

/** The Node that runs this process, alone. */
export async function findNode(): Promise<Tools> {
  return toolsOf(await nodeFiles(process.execPath), []);
}

async function toolsOf(node: readonly Tool[], others: readonly Tool[]): Promise<Tools> {
  const files = [...node, ...others].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const loader = node.find(({ path }) => path.startsWith("lib/ld-"));
  const binary = join(toolsFolder, "bin", "node");
  const libraries = join(toolsFolder, "lib");
  // The loader takes the folder as an argument: a process variable would reach the user's code too.
  const nodeCommand =
    loader === undefined ? [binary] : [join(toolsFolder, loader.path), "--library-path", libraries, binary];
  return { files, hash: await hashOf(files), nodeCommand };
}

/** A Node binary, the libraries that it needs, and the loader that brings them together. */
async function nodeFiles(node: string): Promise<readonly Tool[]> {
  const libraries = new Map<string, string>();
  // "libm.so.6 => /lib/libm.so.6 (0x…)", and "/lib64/ld-linux-x86-64.so.2 (0x…)" for the loader.
  await runCommand("ldd", [node], {}, (line) => {
    const path = /(\/\S+) \(0x/.exec(line)?.[1];
    if (path !== undefined) libraries.set(basename(path), path);
  });
  for (const path of await nameServiceLibraries([...libraries.values()])) libraries.set(basename(path), path);
  const found = await Promise.all(
    [...libraries].map(async ([name, path]) => ({
      path: join("lib", name),
      source: await realpath(path),
      executable: true,
    })),
  );
  return [{ path: "bin/node", source: await realpath(node), executable: true }, ...found];
}

/** What the C library loads by itself when it looks up a host's name. */
async function nameServiceLibraries(libraries: readonly string[]): Promise<readonly string[]> {
  const libc = libraries.find((path) => basename(path) === "libc.so.6");
  if (libc === undefined) return [];
  const folder = dirname(libc);
  const names = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"];
  const present = new Set(await readdir(folder));
  return names.filter((name) => present.has(name)).map((name) => join(folder, name));
}

/** A bundle and the parts that it shares with others, as they name each other. */
async function withParts(programs: string, entry: string): Promise<readonly string[]> {
  const found = new Set([entry]);
  for (const path of found) {
    const text = await readFile(join(programs, path), "utf8");
    for (const [, name = ""] of text.matchAll(/["']\.\/(?:parts\/)?([\w.-]+-[A-Z0-9]{8}\.mjs)["']/g)) {
      found.add(join("parts", name));
    }
  }
  return [...found];
}

async function hashOf(files: readonly Tool[]): Promise<string> {
  const hash = createHash("sha256");
  for (const { path, source, executable } of files) {
    hash.update(`${path}\0${executable}\0`);
    await pipeline(createReadStream(source), async function (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) hash.update(chunk);
    });
  }
  return hash.digest("hex").slice(0, 16);
}
