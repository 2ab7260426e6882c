import { HearthError } from "@hearth/errors";
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Fetches a bundle's bytes from the object store, or nothing when it is not there. */
export type FetchBundle = (sha256: string) => Promise<Uint8Array | null>;

/**
 * The path of a bundle on this machine; fetched when it is not cached. Throws a `HearthError`: BUNDLE_NOT_FOUND when it
 * cannot be had, BUNDLE_HASH_MISMATCH when what came is something else.
 */
export async function provideBundle(options: {
  readonly sha256: string;
  /** File name ending that the language wants, with its dot. */
  readonly ending: ".zip" | ".mjs";
  readonly cacheFolder: string;
  readonly fetch: FetchBundle;
}): Promise<string> {
  const { sha256, ending } = options;
  const folder = join(options.cacheFolder, "bundles");
  const path = join(folder, `${sha256}${ending}`);
  if (await isIntact(path, sha256)) return path;
  const bytes = await options.fetch(sha256);
  if (bytes === null)
    throw new HearthError("BUNDLE_NOT_FOUND", `The code bundle ${sha256} is not in the object store. Deploy again.`);
  if (hash(bytes) !== sha256)
    throw new HearthError("BUNDLE_HASH_MISMATCH", `What the object store has under ${sha256} is something else.`);
  await mkdir(folder, { recursive: true });
  // Renamed into place, so that another replica never sees half of it.
  const unfinished = `${path}.${randomUUID()}`;
  await writeFile(unfinished, bytes);
  await rename(unfinished, path);
  return path;
}

async function isIntact(path: string, sha256: string): Promise<boolean> {
  try {
    return hash(await readFile(path)) === sha256;
  } catch {
    return false;
  }
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
