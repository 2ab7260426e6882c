/** The lines of a stream of JSON, parsed. Rejects when the stream breaks; ends it when the reader does. */
export async function* jsonLines(stream: NodeJS.ReadableStream): AsyncGenerator {
  let rest = "";
  for await (const text of stream.setEncoding("utf8")) {
    const lines = (rest + text.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield JSON.parse(line);
  }
}

/** Before each piece of output: one byte for the stream, three of nothing, four for its length. */
const headerBytes = 8;

/** The lines that a container wrote, from the engine's own framing of stdout and stderr. */
export function plainLines(framed: Buffer): readonly string[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at + headerBytes <= framed.length;) {
    const from = at + headerBytes;
    at = from + framed.readUInt32BE(at + 4);
    pieces.push(framed.subarray(from, at));
  }
  return Buffer.concat(pieces)
    .toString("utf8")
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "");
}
