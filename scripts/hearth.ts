/** `pnpm hearth ...`: the command line of this checkout, bundled first when its sources have changed since. */
import { globSync, statSync } from "node:fs";
import { dirname, delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "./build.ts";
import { ensureNatsServer } from "./ensure-engines.ts";
import { root } from "./run-step.ts";

const bundle = join(root, "dist", "hearth.mjs");

/** pnpm runs scripts in the checkout; paths on the command line are meant from where the user stands. */
const startedIn = process.env["INIT_CWD"];

if (isStale()) await build();
if (process.argv[2] === "dev") process.env["PATH"] = [process.env["PATH"], dirname(ensureNatsServer())].join(delimiter);
if (startedIn !== undefined) process.chdir(startedIn);
await import(pathToFileURL(bundle).href);

function isStale(): boolean {
  const builtAt = statSync(bundle, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = globSync("{libs,services}/*/src/**/*.{ts,js}", { cwd: root });
  return sources.some((path) => statSync(join(root, path)).mtimeMs > builtAt);
}
