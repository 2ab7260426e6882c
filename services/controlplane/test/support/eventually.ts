import { setTimeout as delay } from "node:timers/promises";

/** Asks until the answer is not undefined, up to 15 s; then throws with what was waited for. */
export async function eventually<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const giveUpAt = Date.now() + 15_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > giveUpAt) throw new Error(`waited 15 s in vain until ${what}`);
    await delay(20);
  }
}
