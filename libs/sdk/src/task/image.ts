/** What a replica's process starts in. Every `with` gives a new image; layers are applied in order. */
export class Image {
  readonly #base: object;
  readonly #layers: readonly object[];

  private constructor(base: object, layers: readonly object[]) {
    this.#base = base;
    this.#layers = layers;
  }

  /** A Debian system with Node and Python. */
  static fromDebianBase(): Image {
    return new Image({ debian: {} }, []);
  }

  /** Any image by reference, such as `node:24-slim`. */
  static fromBase(reference: string): Image {
    return new Image({ reference }, []);
  }

  /** Python packages by requirement specifier. */
  withPipPackages(...packages: readonly string[]): Image {
    return this.#with({ pipPackages: { packages } });
  }

  /** Debian packages. */
  withAptPackages(...packages: readonly string[]): Image {
    return this.#with({ aptPackages: { packages } });
  }

  /** Shell commands, run as root. */
  withCommands(...commands: readonly string[]): Image {
    return this.#with({ commands: { commands } });
  }

  /** Process variables for every later step and for the runner. */
  withProcessVariables(variables: Readonly<Record<string, string>>): Image {
    return this.#with({ processVariables: { variables } });
  }

  /** Protobuf's JSON form of `hearth.v1.Image`. */
  toJSON(): object {
    return { ...this.#base, layers: this.#layers };
  }

  #with(layer: object): Image {
    return new Image(this.#base, [...this.#layers, layer]);
  }
}
