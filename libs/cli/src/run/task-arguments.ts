import { CliFailure } from "../cli-failure.ts";

/** `--name value` and `--name=value` pairs by name. Throws USAGE. */
export function readTaskArguments(words: readonly string[]): Readonly<Record<string, string>> {
  const args: Record<string, string> = {};
  for (let at = 0; at < words.length; at += 1) {
    const [, name, inline] = /^--([^=]+)(?:=(.*))?$/s.exec(words[at] ?? "") ?? [];
    if (name === undefined) throw usage(`"${words[at] ?? ""}" stands where --name was expected.`);
    if (Object.hasOwn(args, name)) throw usage(`--${name} is given twice.`);
    const value = inline ?? words[(at += 1)];
    if (value === undefined) throw usage(`--${name} has no value.`);
    args[name] = value;
  }
  return args;
}

function usage(problem: string): CliFailure {
  return new CliFailure("USAGE", `${problem} A task's arguments are --name value, after the task's name.`);
}
