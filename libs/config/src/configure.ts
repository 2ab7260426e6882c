import { ConfigError, readConfig, type Settings } from "./read-config.ts";

/**
 * The configuration of this process, from its variables. With --help among the arguments it prints `about` and every
 * setting instead, and exits; when the configuration is wrong it prints everything that is, and exits with 64 (EX_USAGE
 * of sysexits.h).
 */
export function configure<C extends object>(about: string, settings: Settings<C>): C {
  if (process.argv.includes("--help")) {
    process.stdout.write(describe(about, settings));
    process.exit(0);
  }
  try {
    return readConfig(settings, process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(64);
  }
}

function describe<C extends object>(about: string, settings: Settings<C>): string {
  const rows = (Object.keys(settings) as (keyof C)[]).map((key) => settings[key]);
  return `${about} It reads these process variables:\n\n${rows.map((row) => `  ${row.variable}\n      ${row.about}\n`).join("")}`;
}
