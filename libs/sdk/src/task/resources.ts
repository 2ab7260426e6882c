/** What one replica may use, in Kubernetes quantity notation: cpu `"1"` or `"500m"`, memory `"1Gi"`. Default: no limit. */
export class Resources {
  readonly #wire: { readonly cpu: string; readonly memory: string };

  constructor(options: { readonly cpu?: string | number; readonly memory?: string }) {
    this.#wire = { cpu: String(options.cpu ?? ""), memory: options.memory ?? "" };
  }

  /** Protobuf's JSON form of `hearth.v1.Resources`. */
  toJSON(): object {
    return this.#wire;
  }
}
