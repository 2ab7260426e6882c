import type { NetworkInterfaceInfo } from "node:os";
import { expect, test } from "vitest";
import { ownAddress } from "../src/io/own-address.ts";

function on(address: string, family: "IPv4" | "IPv6", internal = false): NetworkInterfaceInfo {
  const about = { address, internal, netmask: "", mac: "", cidr: null };
  return family === "IPv4" ? { ...about, family } : { ...about, family, scopeid: 0 };
}

test("an agent's own address is the first IPv4 one that is not of the loopback interface", () => {
  const interfaces = {
    lo: [on("127.0.0.1", "IPv4", true)],
    eth0: [on("fe80::1", "IPv6"), on("172.18.0.2", "IPv4")],
    eth1: [on("10.0.0.5", "IPv4")],
  };
  expect(ownAddress(interfaces)).toBe("172.18.0.2");
});

test("an agent without an address that others can reach says so", () => {
  expect(() => ownAddress({ lo: [on("127.0.0.1", "IPv4", true)] })).toThrow("no IPv4 address");
});
