/**
 * Finds the real servers that Hearth and its tests run on, and fetches those that are missing.
 *
 * A binary is looked for on PATH, where Debian puts it, and in `.cache/engines`. When it is nowhere, Debian's packages
 * are downloaded and unpacked into `.cache/engines`: nothing is installed and no system service is started.
 * Run as a script, it prints what it found.
 */
import { execFileSync, type ExecFileSyncOptions } from "node:child_process";
import { accessSync, constants, cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const cache = join(root, ".cache", "engines");

interface Engine {
  readonly name: string;
  readonly binary: string;
  /** Debian packages that, unpacked beside each other, hold all of it. */
  readonly packages: () => readonly string[];
  /** Folders to look in, after PATH. */
  readonly folders: (unpackedAt: string) => readonly string[];
}

const nats: Engine = {
  name: "nats-server",
  binary: "nats-server",
  packages: () => ["nats-server"],
  folders: (unpackedAt) => ["/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin", join(unpackedAt, "usr/sbin")],
};

const postgres: Engine = {
  name: "postgresql",
  binary: "initdb",
  packages: newestPostgresPackages,
  folders: (unpackedAt) => ["/", unpackedAt].flatMap(postgresFolders),
};

/** Only what measures against it needs it: scripts/bench.ts. */
const redis: Engine = {
  name: "redis-server",
  binary: "redis-server",
  packages: () => ["redis-server", "redis-tools", "libjemalloc2", "liblzf1", "libatomic1"],
  folders: (unpackedAt) => ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", join(unpackedAt, "usr/bin")],
};

export interface PostgresBinaries {
  /** The folder that holds `initdb`, `postgres` and `pg_ctl`. */
  readonly folder: string;
  readonly initdb: string;
  readonly postgres: string;
  /** What LD_LIBRARY_PATH must name for them to start. Empty: nothing. */
  readonly libraries: string;
}

/** A Docker engine for tests, and the path of the command that speaks to it. */
export type DockerEngineChoice =
  | { readonly kind: "running"; readonly host: string; readonly client: string }
  /** One that tests start for themselves, as root. */
  | { readonly kind: "own"; readonly daemon: string; readonly client: string };

/** The path of a nats-server with JetStream. Throws, saying how to install it, when it cannot be had. */
export function ensureNatsServer(): string {
  return join(ensure(nats), nats.binary);
}

/** A PostgreSQL server's binaries. Throws, saying how to install them, when they cannot be had. */
export function ensurePostgres(): PostgresBinaries {
  const folder = ensure(postgres);
  const libraries = folder.startsWith(cache) ? libraryFolders(join(cache, postgres.name)) : [];
  return {
    folder,
    initdb: join(folder, "initdb"),
    postgres: join(folder, "postgres"),
    libraries: libraries.join(delimiter),
  };
}

/** A Redis server's binary, and what LD_LIBRARY_PATH must name for it to start. Throws, saying how to install it. */
export function ensureRedis(): { readonly binary: string; readonly libraries: string } {
  const folder = ensure(redis);
  const libraries = folder.startsWith(cache) ? libraryFolders(join(cache, redis.name)) : [];
  return { binary: join(folder, redis.binary), libraries: libraries.join(delimiter) };
}

/**
 * Where a Docker engine for tests is or can be started. Installs Debian's when this is root and it is missing; throws,
 * saying what to do, when it cannot be had.
 */
export function ensureDocker(): DockerEngineChoice {
  const host = process.env["HEARTH_TEST_DOCKER_HOST"] ?? "";
  const [client, daemon] = ["docker", "dockerd"].map(findOnSystem);
  if (host !== "" && client !== undefined) return { kind: "running", host, client };
  if (process.getuid?.() !== 0) {
    throw new Error(
      "Tests need a Docker engine, and only root can start one: set HEARTH_TEST_DOCKER_HOST to that of a running one " +
        'that this user may use, such as unix:///var/run/docker.sock, with "docker" on PATH.',
    );
  }
  const iptables = findOnSystem("iptables");
  if (client !== undefined && daemon !== undefined && iptables !== undefined) return { kind: "own", daemon, client };
  try {
    installDebianPackages(["docker.io", "iptables"]);
  } catch (error) {
    const how = "Docker is not on this machine: install it (Debian: apt-get install docker.io iptables).";
    throw new Error(`${how} Installing it failed: ${(error as Error).message}`, { cause: error });
  }
  return ensureDocker();
}

function ensure(engine: Engine): string {
  const unpackedAt = join(cache, engine.name);
  const found = find(engine, unpackedAt);
  if (found !== undefined) return found;
  try {
    unpack(engine, unpackedAt);
  } catch (error) {
    throw new Error(`${howToInstall(engine)} Fetching it failed: ${(error as Error).message}`, { cause: error });
  }
  const fetched = find(engine, unpackedAt);
  if (fetched === undefined) throw new Error(`${howToInstall(engine)} Debian's package does not contain it.`);
  return fetched;
}

function howToInstall(engine: Engine): string {
  return `${engine.name} is not on this machine: install it (Debian: apt-get install ${engine.name}) or put "${engine.binary}" on PATH.`;
}

function find(engine: Engine, unpackedAt: string): string | undefined {
  const onPath = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return [...onPath, ...engine.folders(unpackedAt)].find((folder) => isExecutable(join(folder, engine.binary)));
}

/** Debian keeps what only root uses out of other users' PATH. */
function findOnSystem(binary: string): string | undefined {
  const onPath = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return [...onPath, "/usr/sbin", "/sbin"].map((folder) => join(folder, binary)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Unpacks beside the place and renames, so that a half-unpacked engine is never found. */
function unpack(engine: Engine, unpackedAt: string): void {
  mkdirSync(cache, { recursive: true });
  const temporary = mkdtempSync(join(cache, `.${engine.name}-`));
  try {
    download(engine.packages, temporary);
    const unpacked = join(temporary, "unpacked");
    for (const file of readdirSync(temporary).filter((name) => name.endsWith(".deb"))) {
      execFileSync("dpkg", ["-x", join(temporary, file), unpacked], { stdio: ["ignore", "ignore", "pipe"] });
    }
    rmSync(unpackedAt, { recursive: true, force: true });
    try {
      renameSync(unpacked, unpackedAt);
    } catch {
      cpSync(unpacked, unpackedAt, { recursive: true });
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function download(packages: () => readonly string[], folder: string): void {
  const get = (): void => {
    execFileSync("apt-get", ["download", ...packages()], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  };
  try {
    get();
  } catch {
    // The package lists may be absent or stale; only root may refresh them.
    execFileSync("apt-get", ["update"], { stdio: ["ignore", "ignore", "pipe"] });
    get();
  }
}

/** Installs without starting a service: what tests need they start themselves. */
function installDebianPackages(packages: readonly string[]): void {
  const options: ExecFileSyncOptions = {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
  };
  execFileSync("apt-get", ["update"], options);
  execFileSync("apt-get", ["install", "-y", "--no-install-recommends", ...packages], options);
}

/** `postgresql` is an empty package that depends on the newest version's own. */
function newestPostgresPackages(): readonly string[] {
  const about = execFileSync("apt-cache", ["depends", "postgresql"], { encoding: "utf8" });
  const server = /Depends: (postgresql-(\d+))/.exec(about);
  if (server === null) throw new Error("apt-cache knows no postgresql");
  return [`postgresql-${String(server[2])}`, `postgresql-client-${String(server[2])}`, "libpq5"];
}

function postgresFolders(prefix: string): readonly string[] {
  const versions = join(prefix, "usr/lib/postgresql");
  try {
    const newestFirst = readdirSync(versions).sort((a, b) => Number(b) - Number(a));
    return newestFirst.map((version) => join(versions, version, "bin"));
  } catch {
    return [];
  }
}

function libraryFolders(unpackedAt: string): readonly string[] {
  const base = join(unpackedAt, "usr/lib");
  return readdirSync(base)
    .filter((name) => name.includes("-linux-"))
    .map((name) => join(base, name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(`nats-server: ${ensureNatsServer()}`);
  console.log(`postgresql: ${ensurePostgres().folder}`);
  const docker = ensureDocker();
  console.log(`docker: ${docker.kind === "own" ? docker.daemon : docker.host}`);
}
