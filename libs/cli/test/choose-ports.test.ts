import { createServer, type AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { choosePorts } from "../src/dev/choose-ports.ts";

/** Takes a free port for as long as the test runs. */
async function takenPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return (server.address() as AddressInfo).port;
}

test("base 0 takes different free ports for everybody, further routers too", async () => {
  const { furtherRouters, ...first } = await choosePorts(0, 3);
  const ports = [...Object.values(first), ...furtherRouters];
  expect(new Set(ports).size).toBe(6);
  expect(Math.min(...ports)).toBeGreaterThan(0);
});

test("a base that was asked for and is taken is refused, naming the port", async () => {
  const port = await takenPort();
  await expect(choosePorts(port)).rejects.toThrow(`Port ${port} is in use`);
});

test("any port of the base counts, not only the first", async () => {
  const port = await takenPort();
  await expect(choosePorts(port - 4)).rejects.toMatchObject({ reason: "PORT_TAKEN" });
});
