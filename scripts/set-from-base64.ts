/**
 * `Uint8Array.prototype.setFromBase64`, which Node 24 does not have, as protobuf-es uses it: an array of the size that
 * well-formed text has. Other text is not read, and protobuf-es decodes or refuses it itself.
 */
export function setFromBase64InNode(this: Uint8Array, text: string): { read: number; written: number } {
  const written = Buffer.from(this.buffer, this.byteOffset, this.byteLength).write(text, "base64");
  // Node passes over what is no base64, and then has fewer bytes; or as many, where one character more makes no byte more.
  const isWellFormed = written === this.byteLength && text.length % 4 !== 1;
  return { read: isWellFormed ? text.length : 0, written };
}
