/** Factors of Kubernetes quantity suffixes: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const factors: Readonly<Record<string, number>> = {
  "": 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** The number a Kubernetes quantity such as "500m" or "1Gi" stands for, or undefined when it cannot be read or is not above 0. */
export function parseQuantity(text: string): number | undefined {
  const [, number, suffix] = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(text) ?? [];
  const factor = factors[suffix ?? "?"];
  if (number === undefined || factor === undefined) return undefined;
  const value = Number(number) * factor;
  return value > 0 ? value : undefined;
}
