import { SourceMap, type SourceMapping } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * Lets stack traces name the files and lines that a bundle was made of. The map at its end is read when the first one names
 * the bundle. Node's own support would go through a bundle's text character by character as it is loaded, so often that V8
 * loads its optimizing compiler: 6 MB for good.
 */
export function mapStackTraces(bundle: URL): void {
  const plain = Error.prepareStackTrace;
  let map: SourceMap | undefined;
  const origin = (line: number, column: number): string | undefined => {
    map ??= readMap(bundle);
    const found = map.findEntry(line - 1, column - 1) as Partial<SourceMapping>;
    if (found.originalSource === undefined || found.originalLine === undefined) return undefined;
    const { href } = new URL(found.originalSource, bundle);
    const name = href.startsWith("file:") ? fileURLToPath(href) : href;
    return `${name}:${found.originalLine + 1}:${(found.originalColumn ?? 0) + 1}`;
  };
  Error.prepareStackTrace = (error, sites) => {
    const trace = String(plain(error, sites));
    try {
      return replacePlaces(trace, bundle.href, origin);
    } catch {
      return trace;
    }
  };
}

function replacePlaces(
  trace: string,
  file: string,
  origin: (line: number, column: number) => string | undefined,
): string {
  const [before = "", ...places] = trace.split(`${file}:`);
  const replaced = places.map((text) => {
    const [place = "", line, column] = /^(\d+):(\d+)/.exec(text) ?? [];
    const known = line === undefined ? undefined : origin(Number(line), Number(column));
    return known === undefined ? `${file}:${text}` : known + text.slice(place.length);
  });
  return before + replaced.join("");
}

const mark = "//# sourceMappingURL=data:application/json;base64,";

function readMap(bundle: URL): SourceMap {
  // An import of it would load all of it, 2 MB that nothing else in a runner needs.
  const text = process.getBuiltinModule("node:fs").readFileSync(bundle, "utf8");
  const at = text.lastIndexOf(mark);
  const json = at === -1 ? "" : Buffer.from(text.slice(at + mark.length), "base64").toString();
  return new SourceMap(JSON.parse(json || '{"version":3,"sources":[],"names":[],"mappings":""}') as never);
}
