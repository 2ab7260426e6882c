/** Stands for the package ssh2 in bundles: its native code stays out of them, and ssh:// hosts with it. */
export function Client(): never {
  throw new Error("ssh:// hosts are not supported");
}
