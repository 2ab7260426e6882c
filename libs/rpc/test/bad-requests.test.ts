import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { HearthError } from "@hearth/errors";
import {
  BundleService,
  ErrorInfoSchema,
  ExecuteStreamRequestSchema,
  ExecutionService,
  HasBundleRequestSchema,
  StatusSchema,
} from "@hearth/proto";
import { grpcFrame, rawGrpcCall, type RawAnswer } from "@hearth/test-probes/raw-grpc";
import { Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { service, startGrpcServer, type GrpcServer } from "../src/mod.ts";

const reported: unknown[] = [];
let server: GrpcServer;

beforeAll(async () => {
  const bundles = service(BundleService, {
    hasBundle({ sha256 }) {
      throw new HearthError("BUNDLE_TOO_LARGE", `"${sha256}" is refused.`);
    },
    uploadBundle: () => Promise.resolve({}),
  });
  const executions = service(ExecutionService, {
    ...({} as Parameters<typeof service<typeof ExecutionService>>[1]),
    async *executeStream(requests) {
      try {
        for await (const { executions: batch } of requests) yield { ends: batch.map(() => ({})) };
      } catch {
        // As a service that takes every broken stream for a caller that left.
      }
    },
  });
  server = await startGrpcServer({
    ...{ host: "127.0.0.1", port: 0, services: [bundles, executions] },
    report: (_errorId, thrown) => void reported.push(thrown),
  });
});

afterAll(() => server.stop(1_000));

const call = (method: string, bytes: Uint8Array): Promise<RawAnswer> =>
  rawGrpcCall({ address: `127.0.0.1:${server.port}`, path: `/hearth.v1.${method}`, bytes });

/** The registered reason that came with an answer. */
function reasonOf({ details }: RawAnswer): string {
  const [detail] = fromBinary(StatusSchema, details).details;
  return detail === undefined ? "" : fromBinary(ErrorInfoSchema, detail.value).reason;
}

const named = (sha256: string): Buffer =>
  grpcFrame(toBinary(HasBundleRequestSchema, create(HasBundleRequestSchema, { sha256 })));
const noMessage = grpcFrame(Buffer.from([0x0a, 0xff, 0xff, 0x7f]));

describe("bad requests over gRPC", () => {
  it("refuses bytes that are no message with a reason, as the caller's fault", async () => {
    const answer = await call("BundleService/HasBundle", noMessage);
    expect([answer.status, reasonOf(answer)]).toEqual([Status.INVALID_ARGUMENT, "INVALID_REQUEST"]);
  });

  it("refuses a stream with such bytes too, after what came before them", async () => {
    const good = grpcFrame(toBinary(ExecuteStreamRequestSchema, create(ExecuteStreamRequestSchema)));
    const answer = await call("ExecutionService/ExecuteStream", Buffer.concat([good, noMessage]));
    expect([answer.status, reasonOf(answer)]).toEqual([Status.INVALID_ARGUMENT, "INVALID_REQUEST"]);
  });

  it("names the reason when a message quotes a text that no header can hold", async () => {
    const answer = await call("BundleService/HasBundle", named("x".repeat(1_000_000)));
    expect([answer.status, reasonOf(answer)]).toEqual([Status.RESOURCE_EXHAUSTED, "BUNDLE_TOO_LARGE"]);
    expect(answer.message).toMatch(/^"xxx.*\.\.\. 998\d+ characters left out \.\.\..*is refused\.$/s);
  });

  it("names the reason when the cut goes through a character", async () => {
    for (const before of ["", "."]) {
      const answer = await call("BundleService/HasBundle", named(before + "\u{1F525}".repeat(10_000)));
      expect([answer.status, reasonOf(answer)]).toEqual([Status.RESOURCE_EXHAUSTED, "BUNDLE_TOO_LARGE"]);
    }
  });

  it("takes none of it for a defect", () => expect(reported).toEqual([]));
});
