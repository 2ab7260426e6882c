import { execFileSync, type StdioOptions } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const cache = join(import.meta.dirname, "..", "..", "..", ".cache", "engines");

/** What the image has, each with what it depends on. */
const contents = ["python3", "python3-pip", "dash", "coreutils"];

const foldersLeftOut = ["usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info"];

const quietly: { readonly stdio: StdioOptions } = { stdio: ["ignore", "ignore", "pipe"] };

/**
 * The path of a file system with Python, pip and a shell, of this machine's Debian release, to be imported as an image:
 * no registry is needed. Made once from Debian's packages, as only apt's own records of installed packages decide what
 * is fetched, and then kept.
 */
export function pythonFileSystem(): string {
  const archive = join(cache, "docker-python.tar");
  if (existsSync(archive)) return archive;
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, ".docker-python-"));
  try {
    make(folder, join(folder, "image.tar"));
    renameSync(join(folder, "image.tar"), archive);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return archive;
}

function make(folder: string, archive: string): void {
  const [packages, root] = [join(folder, "packages"), join(folder, "root")];
  mkdirSync(packages);
  download(packages);
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    mkdirSync(join(root, "usr", name), { recursive: true });
    symlinkSync(join("usr", name), join(root, name));
  }
  mkdirSync(join(root, "tmp"), { mode: 0o1777 });
  for (const file of readdirSync(packages)) execFileSync("dpkg", ["-x", join(packages, file), root], quietly);
  for (const name of foldersLeftOut) rmSync(join(root, name), { recursive: true, force: true });
  symlinkSync("dash", join(root, "usr", "bin", "sh"));
  execFileSync("chmod", ["1777", join(root, "tmp")]);
  execFileSync("tar", ["-C", root, "--numeric-owner", "--owner=0", "--group=0", "-cf", archive, "."], quietly);
}

function download(folder: string): void {
  const get = (): void => {
    execFileSync("apt-get", ["download", ...withDependencies()], { ...quietly, cwd: folder });
  };
  try {
    get();
  } catch {
    // The package lists may be absent or stale; only root may refresh them.
    execFileSync("apt-get", ["update"], quietly);
    get();
  }
}

/** What apt would install on a machine that has nothing. */
function withDependencies(): readonly string[] {
  const nothing = ["-o", "Dir::State::status=/dev/null", "--no-install-recommends"];
  const plan = execFileSync("apt-get", ["--simulate", ...nothing, "install", ...contents], { encoding: "utf8" });
  return [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name = ""]) => name);
}
