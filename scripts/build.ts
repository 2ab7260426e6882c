/** Bundles the services, the agent, the Node runner and the command line into dist/. Exits 1 when something does not build. */
import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { build as bundle, type BuildOptions } from "esbuild";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

/** What dist/ offers, by the name of the file there. These share their parts, and load some only when needed. */
const sharing = {
  controlplane: "services/controlplane/src/main.ts",
  router: "services/router/src/main.ts",
  hearth: "libs/cli/src/main.ts",
  simulation: "libs/cli/src/simulate/worker.ts",
};
/** In every replica, and so without what only others use of the parts that they would share. */
const inReplicas = { agent: "services/agent/src/main.ts" };
/** One file each: the runner goes into images by itself, and tells its own frames in a traceback by its file. */
const alone = { runner: "libs/sdk/src/runner/main.ts" };

/** Dependencies that are CommonJS call `require`, which an ES module does not have by itself. */
const banner = `import { createRequire as hearthCreateRequire } from "node:module"; const require = hearthCreateRequire(import.meta.url);`;

const options = {
  absWorkingDir: root,
  outdir: dist,
  outExtension: { ".js": ".mjs" },
  chunkNames: "parts/[name]-[hash]",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node24",
  external: ["pg-native"],
  // The Docker client would bring native code for ssh:// hosts, which Hearth does not offer.
  alias: { ssh2: join(root, "scripts", "no-ssh.ts") },
  // Without it protobuf-es decodes its descriptors character by character, so often that V8 loads its optimizing compiler.
  inject: [join(root, "scripts", "set-from-base64.ts")],
  define: { "Uint8Array.prototype.setFromBase64": "setFromBase64InNode" },
  // Every process keeps the text of its code in memory. Names stay, and lines are short, for the sake of stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 160,
  banner: { js: banner },
  sourcemap: "external",
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
} as const satisfies BuildOptions;

/** Writes dist/. Throws with esbuild's own report when something does not build. */
export async function build(): Promise<void> {
  const missing = Object.values({ ...sharing, ...inReplicas, ...alone }).filter(
    (path) => !existsSync(join(root, path)),
  );
  if (missing.length > 0) throw new Error(`Nothing to build at ${missing.join(", ")}.`);
  const built = await Promise.all([
    bundle({ ...options, entryPoints: sharing, splitting: true }),
    bundle({ ...options, entryPoints: inReplicas, splitting: true }),
    bundle({ ...options, entryPoints: alone }),
  ]);
  const outputs = built.flatMap(({ metafile }) => Object.keys(metafile.outputs));
  await removeAllBut(new Set(outputs.map((path) => basename(path))));
}

/** Takes away what earlier builds left, after the new one is in place: a running system may still load its parts. */
async function removeAllBut(names: ReadonlySet<string>): Promise<void> {
  for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && !names.has(entry.name)) await rm(join(entry.parentPath, entry.name));
  }
}

if (import.meta.main) {
  const startedAt = performance.now();
  try {
    await build();
    console.log(`dist/ built in ${Math.round(performance.now() - startedAt)} ms`);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
