/** One process variable: its name, what it means, and how its text becomes a value. */
export interface Setting<T> {
  readonly variable: string;
  /** For --help and docs: meaning, unit, bounds, default. */
  readonly about: string;
  /** `undefined` means the variable is not set. Throws an Error whose message says what is allowed. */
  readonly parse: (text: string | undefined) => T;
}

export type Settings<C> = { readonly [K in keyof C]: Setting<C[K]> };

/** The configuration is wrong. The message names every variable that is. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Reads a whole configuration at once. Throws `ConfigError` with everything that is wrong with it. */
export function readConfig<C extends object>(settings: Settings<C>, variables: NodeJS.ProcessEnv): C {
  const config: Partial<C> = {};
  const problems: string[] = [];
  for (const key of Object.keys(settings) as (keyof C)[]) {
    const setting = settings[key];
    try {
      config[key] = setting.parse(variables[setting.variable] || undefined);
    } catch (error) {
      problems.push(`${setting.variable}: ${(error as Error).message} (${setting.about})`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems.join("\n"));
  return config as C;
}
