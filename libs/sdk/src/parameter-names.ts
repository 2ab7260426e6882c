import type { AnyFunction } from "./task/task.ts";

/** The names of a function's parameters as its source gives them; patterns and rest parameters go as `argN`, from 1. */
export function parameterNames(run: AnyFunction): readonly string[] {
  const source = run.toString();
  const single = /^(?:async\s+)?([A-Za-z_$][\w$]*)\s*=>/.exec(source);
  if (single?.[1] !== undefined) return [single[1]];
  return splitParameters(source.slice(source.indexOf("(") + 1)).map(
    (parameter, index) => /^\s*([A-Za-z_$][\w$]*)/.exec(parameter)?.[1] ?? `arg${index + 1}`,
  );
}

/** Cuts at commas outside of brackets and texts, up to the bracket that ends the list. */
function splitParameters(source: string): readonly string[] {
  const parameters: string[] = [];
  let depth = 0;
  let quote = "";
  let start = 0;
  for (let at = 0; at < source.length; at += 1) {
    const character = source[at] ?? "";
    if (quote !== "") {
      if (character === "\\") at += 1;
      else if (character === quote) quote = "";
    } else if (`"'\``.includes(character)) quote = character;
    else if ("([{".includes(character)) depth += 1;
    else if (depth === 0 && (character === "," || character === ")")) {
      parameters.push(source.slice(start, at));
      start = at + 1;
      if (character === ")") break;
    } else if (")]}".includes(character)) depth -= 1;
  }
  return parameters.filter((parameter) => parameter.trim() !== "");
}
