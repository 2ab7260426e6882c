/** Writes libs/proto/src/gen from proto/. With --check: fails when the committed files are not what would be written. */
import { execFileSync } from "node:child_process";

const proto = new URL("../proto/", import.meta.url);
execFileSync("buf", ["generate"], { cwd: proto, stdio: "inherit" });
if (process.argv.includes("--check")) {
  const stale = execFileSync("git", ["status", "--porcelain", "libs/proto/src/gen"], {
    cwd: new URL("..", import.meta.url),
    encoding: "utf8",
  });
  if (stale !== "") {
    process.stderr.write(`Generated code is stale; run "pnpm generate" and commit:\n${stale}`);
    process.exit(1);
  }
}
