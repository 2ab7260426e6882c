import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type * as esbuild from "esbuild";
import type { DeclaredEnvironment } from "../task/registry.ts";

/** Code ready to be uploaded. */
export interface Bundle {
  readonly data: Uint8Array;
  /** In lower-case hex. */
  readonly sha256: string;
}

/** CommonJS dependencies call `require`, which an ES module does not have by itself. */
const banner = `import { createRequire as hearthCreateRequire } from "node:module"; const require = hearthCreateRequire(import.meta.url);`;

/**
 * One ES module with every file that declares a task of the environment and all they import; the SDK in it is only the
 * part that tasks use. The same code gives the same bytes, wherever it lies.
 */
export async function bundleEnvironment(environment: DeclaredEnvironment): Promise<Bundle> {
  const files = [...new Set([...environment.tasks.values()].map((task) => toPath(task.file)))].sort();
  const [first] = files;
  if (first === undefined) throw new Error(`Environment "${environment.name}" declares no task.`);
  const root = projectFolder(dirname(first));
  // Loaded when needed; and not by an import, because esbuild refuses to be bundled into the command line.
  const { build } = createRequire(import.meta.url)("esbuild") as typeof esbuild;
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: {
      contents: files.map((file) => importOf(root, file)).join("\n"),
      resolveDir: root,
      sourcefile: "hearth-entry",
    },
    outfile: join(root, "bundle.mjs"),
    write: false,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node24",
    conditions: ["hearth-task"],
    banner: { js: banner },
    sourcemap: "external",
    sourcesContent: false,
    legalComments: "none",
    // Without it every module's path would stand in a comment, as seen from where the project lies.
    minifyWhitespace: true,
    logLevel: "silent",
  });
  const textOf = (end: string): string => outputFiles.find((file) => file.path.endsWith(end))?.text ?? "";
  const data = Buffer.from(`${textOf(".mjs")}//# sourceMappingURL=${toDataUrl(textOf(".map"))}\n`);
  return { data, sha256: createHash("sha256").update(data).digest("hex") };
}

function toPath(file: string): string {
  return file.startsWith("file:") ? fileURLToPath(file) : file;
}

function importOf(root: string, file: string): string {
  return `import ${JSON.stringify(`./${relative(root, file)}`)};`;
}

/** The nearest folder with a package.json, which names paths in tracebacks; else the folder itself. */
function projectFolder(folder: string): string {
  for (let at = folder; at !== dirname(at); at = dirname(at)) {
    if (existsSync(join(at, "package.json"))) return at;
  }
  return folder;
}

/** The SDK's own sources go under a name that runners leave out of tracebacks. */
function toDataUrl(text: string): string {
  const map = JSON.parse(text) as { sources: string[] };
  map.sources = map.sources.map((source) =>
    source.replace(/^.*\/?(?:@hearth|libs)\/(sdk|errors)\/src\//, "hearth:$1/"),
  );
  return `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString("base64")}`;
}
