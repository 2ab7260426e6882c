import type { Setting } from "./read-config.ts";

/** A text that must be there, unless a default is given. */
export function text(variable: string, about: string, fallback?: string): Setting<string> {
  return {
    variable,
    about,
    parse(value) {
      const chosen = value ?? fallback;
      if (chosen === undefined) throw new Error("must be set");
      return chosen;
    },
  };
}

/** A text that may be absent. */
export function optionalText(variable: string, about: string): Setting<string | undefined> {
  return { variable, about, parse: (value) => value };
}

/** A whole number within bounds. */
export function integer(
  variable: string,
  about: string,
  bounds: { readonly min: number; readonly max: number; readonly fallback: number },
): Setting<number> {
  return {
    variable,
    about,
    parse(value) {
      if (value === undefined) return bounds.fallback;
      const number = Number(value);
      if (!Number.isInteger(number) || number < bounds.min || number > bounds.max) {
        throw new Error(`"${value}" is not a whole number from ${bounds.min} to ${bounds.max}`);
      }
      return number;
    },
  };
}

/** "true" or "false". */
export function flag(variable: string, about: string, fallback: boolean): Setting<boolean> {
  return {
    variable,
    about,
    parse(value) {
      if (value === undefined) return fallback;
      if (value !== "true" && value !== "false") throw new Error(`"${value}" is neither true nor false`);
      return value === "true";
    },
  };
}

/** Texts between commas. */
export function list(variable: string, about: string, fallback: readonly string[] = []): Setting<readonly string[]> {
  return { variable, about, parse: (value) => value?.split(",").map((item) => item.trim()) ?? fallback };
}
