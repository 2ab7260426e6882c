import { networkInterfaces, type NetworkInterfaceInfo } from "node:os";

/** This machine's, or container's, first IPv4 address that others can reach. Throws when it has none. */
export function ownAddress(
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>> = networkInterfaces(),
): string {
  const addresses = Object.values(interfaces).flatMap((found) => found ?? []);
  const own = addresses.find(({ family, internal }) => family === "IPv4" && !internal);
  if (own === undefined) throw new Error("there is no IPv4 address but the loopback interface's");
  return own.address;
}
