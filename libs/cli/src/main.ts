#!/usr/bin/env node
import { enableCompileCache } from "node:module";

// Before anything else is loaded, so that the second start is faster than the first.
enableCompileCache();
const { runCommandLine } = await import("./program.ts");
process.exitCode = await runCommandLine(process.argv.slice(2));
