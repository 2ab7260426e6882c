import type { IncomingHttpHeaders } from "node:http2";
import { Status } from "nice-grpc-common";
import { expect, test } from "vitest";
import { fromHeaders, ok, toHeaders } from "../src/grpc/status-headers.ts";
import { parseTimeout } from "../src/grpc/timeout.ts";

test.each(["all is well", "100 %", "\u{1F525}\nline", "tab\there"])("a status comes back as it went: %j", (message) => {
  const status = { code: Status.NOT_FOUND, message, details: Buffer.from([1, 2, 255]) };
  const headers = toHeaders(status);
  expect(headers["grpc-message"]).toMatch(/^[\x20-\x7e]*$/);
  const received = Object.entries(headers).map(([name, value]) => [name, String(value)]);
  expect(fromHeaders(Object.fromEntries(received) as IncomingHttpHeaders)).toEqual(status);
});

test("half a character in a message is replaced", () => {
  expect(toHeaders({ code: Status.INTERNAL, message: "\ud83d" })["grpc-message"]).toBe("%EF%BF%BD");
});

test("a status that is well is a number and no more", () => expect(toHeaders(ok)).toEqual({ "grpc-status": 0 }));

test("headers without a status have none", () => expect(fromHeaders({ ":path": "/" })).toBeUndefined());

test("a message that nobody encoded is taken as it is", () => {
  expect(fromHeaders({ "grpc-status": "5", "grpc-message": "100 %" })).toMatchObject({ message: "100 %" });
});

test.each([
  ["1H", 3_600_000],
  ["2M", 120_000],
  ["3S", 3_000],
  ["40m", 40],
  ["500u", 0.5],
  ["99999999n", 99.999999],
  ["", undefined],
  ["5", undefined],
  ["123456789S", undefined],
  ["-1S", undefined],
])("the timeout %j is %s milliseconds", (header, ms) => {
  if (ms === undefined) expect(parseTimeout(header)).toBeUndefined();
  else expect(parseTimeout(header)).toBeCloseTo(ms, 6);
});
