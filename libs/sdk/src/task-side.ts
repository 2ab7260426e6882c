/** `@hearth/sdk` inside a bundle: the nouns, and refusals in place of what only a program may do. */
export * from "./task-nouns.ts";

export const init = onlyInPrograms("init");
export const initFromConfig = onlyInPrograms("initFromConfig");
export const run = onlyInPrograms("run");
export const connect = onlyInPrograms("connect");

function onlyInPrograms(name: string): () => never {
  return () => {
    throw new Error(
      `${name}() was called in a replica. Keep what starts runs under "if (import.meta.main)"; task code calls tasks directly.`,
    );
  };
}
