const units = ["B", "KiB", "MiB", "GiB", "TiB"];

/** Bytes for a person: "512 B", "800 MiB", "1.5 GiB". */
export function showBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1_024 ** power).toFixed(1))} ${units[power] ?? ""}`;
}

/** A Kubernetes quantity of bytes for a person: one without a suffix as bytes, any other as it is. */
export function showQuantity(quantity: string): string {
  return /^\d+$/.test(quantity) ? showBytes(Number(quantity)) : quantity;
}
