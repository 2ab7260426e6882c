import { toJson, type DescMethod, type JsonValue } from "@bufbuild/protobuf";
import type { Random } from "@hearth/simulation";
import { connect } from "node:net";
import { randomBytes, randomMessage } from "../random-message.ts";
import { noise, textOf } from "../words.ts";
import type { Door } from "./door.ts";

const patienceMs = 250;

/** One method over the control plane's HTTP port. */
export function httpDoor(method: DescMethod, url: string): Door {
  const path = `/${method.parent.typeName}/${method.name}`;
  return {
    name: `http ${path}`,
    async send(random) {
      const isJson = random.happens(0.7);
      const streams = method.methodKind !== "unary";
      const body = isJson ? Buffer.from(spoiltJson(random, method)) : Buffer.from(randomBytes(random, method.input));
      const type = random.happens(0.05)
        ? random.pick(["text/html", "application/grpc-web", "", "application/json; charset=x"])
        : `application/${streams ? "connect+" : ""}${isJson ? "json" : "proto"}`;
      const sent = streams && random.happens(0.9) ? enveloped(body) : body;
      return (await post(`${url}${path}`, sent, type)).map((problem) => `${path}: ${problem}`);
    },
  };
}

async function post(url: string, body: Buffer<ArrayBuffer>, type: string): Promise<readonly string[]> {
  try {
    const response = await fetch(url, {
      method: "POST",
      body,
      headers: { "content-type": type },
      signal: AbortSignal.timeout(patienceMs),
    });
    const answer = await response.text();
    // Its library says "internal" of bytes it cannot parse.
    if (answer.includes('"message":"parse binary: ')) return [];
    const isDefect =
      response.status === 500 || answer.includes("A defect in Hearth") || answer.includes('"code":"internal"');
    return isDefect ? [`${response.status} ${answer.slice(0, 300)}`] : [];
  } catch {
    // It streams, waits, or was cut off; whether the server lives is seen elsewhere.
    return [];
  }
}

function enveloped(body: Uint8Array): Buffer<ArrayBuffer> {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

function spoiltJson(random: Random, method: DescMethod): string {
  let json: JsonValue;
  try {
    json = toJson(method.input, randomMessage(random, method.input));
  } catch {
    // What has no JSON form, such as a duration over its bounds.
    json = {};
  }
  const text = JSON.stringify(json);
  switch (random.pick(["as is", "as is", "value", "cut", "deep", "pollute", "noise"] as const)) {
    case "as is":
      return text;
    case "value":
      return text.replace(/"[^"]*"(?=[,}\]])|\d+/, () =>
        random.pick(["null", "[]", "{}", "1e400", "-1", '"\\ud800"', "true", `"${"9".repeat(400)}"`]),
      );
    case "cut":
      return text.slice(0, random.between(0, text.length));
    case "deep": {
      const depth = random.pick([10_000, 100_000]);
      const [field = "name"] = Object.keys((json as object | null) ?? {});
      return `{"${field}":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    }
    case "pollute":
      return `{"__proto__":{"name":"x"},"constructor":{"prototype":{"name":"x"}},${text.slice(1)}`;
    case "noise":
      return Buffer.from(noise(random, 50)).toString("latin1");
  }
}

/** Bytes that are hardly HTTP, or are and ask for odd things. */
export function rawHttpDoor(port: number): Door {
  return {
    name: "http raw",
    async send(random) {
      const path = encodeURI(textOf(random).slice(0, 200).toWellFormed());
      const requests = [
        `GET /${path} HTTP/1.1\r\nHost: x\r\n\r\n`,
        `GET /runs/${path} HTTP/1.1\r\nHost: x\r\n\r\n`,
        `GET /runs/%E0%A4%A HTTP/1.1\r\nHost: x\r\n\r\n`,
        `GET //../..//healthz?x=%00 HTTP/1.1\r\nHost: x\r\n\r\n`,
        `GET * HTTP/1.1\r\nHost: x\r\n\r\n`,
        `GET / HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(100_000)}\r\n\r\n`,
        `POST /hearth.v1.BundleService/UploadBundle HTTP/1.1\r\nHost: x\r\nContent-Type: application/proto\r\nContent-Length: 1073741824\r\n\r\nabc`,
        `POST /hearth.v1.RunService/GetRun HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n{`,
        `POST /hearth.v1.RunService/GetRun HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc`,
        `POST /hearth.v1.RunService/GetRun HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc`,
        "GET / HTTP/1.1\r\nHost",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        Buffer.from(noise(random, 100)).toString("latin1"),
      ];
      const answer = await talk(port, random.pick(requests));
      return answer.startsWith("HTTP/1.1 500") ? [`raw HTTP: ${answer.slice(0, 400)}`] : [];
    },
  };
}

/** What comes back on a connection within a short time. */
function talk(port: number, request: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = "";
  const socket = connect(port, "127.0.0.1", () => socket.write(Buffer.from(request, "latin1")));
  const patience = setTimeout(() => socket.destroy(), 100);
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  socket.on("close", () => {
    clearTimeout(patience);
    resolve(answer);
  });
  return promise;
}
