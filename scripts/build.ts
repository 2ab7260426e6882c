/** Bundles the services, the agent, the Node runner and the command line into dist/. Exits 1 when something does not build. */
import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { build as bundle } from "esbuild";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

/** What dist/ offers, by the name of the file there. */
const entryPoints = {
  controlplane: "services/controlplane/src/main.ts",
  router: "services/router/src/main.ts",
  agent: "services/agent/src/main.ts",
  runner: "libs/sdk/src/runner/main.ts",
  hearth: "libs/cli/src/main.ts",
};

/** Dependencies that are CommonJS call `require`, which an ES module does not have by itself. */
const banner = `import { createRequire as hearthCreateRequire } from "node:module"; const require = hearthCreateRequire(import.meta.url);`;

/** Writes dist/. Throws with esbuild's own report when something does not build. */
export async function build(): Promise<void> {
  const missing = Object.values(entryPoints).filter((path) => !existsSync(join(root, path)));
  if (missing.length > 0) throw new Error(`Nothing to build at ${missing.join(", ")}.`);
  const { metafile } = await bundle({
    absWorkingDir: root,
    entryPoints,
    outdir: dist,
    outExtension: { ".js": ".mjs" },
    chunkNames: "parts/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    external: ["pg-native"],
    banner: { js: banner },
    sourcemap: "external",
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
  });
  await removeAllBut(new Set(Object.keys(metafile.outputs).map((path) => basename(path))));
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
