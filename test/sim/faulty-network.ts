import type { Network, Random } from "@hearth/simulation";

/** How bad a network is. Rates are probabilities, 0 to 1. */
export interface Faults {
  readonly dropRate: number;
  readonly doubleRate: number;
  /** The longest delay of a message; the shortest is 0. */
  readonly delayMsMax: number;
  /** Calls that fail. */
  readonly failRate: number;
}

const noFaults: Faults = { dropRate: 0, doubleRate: 0, delayMsMax: 2, failRate: 0 };

/** Loses, delays, doubles and reorders what is published, delays what is streamed, and cuts parties off from each other. */
export class FaultyNetwork implements Network {
  readonly #random: Random;
  #faults: Faults = noFaults;
  /** Pairs of parties that cannot hear each other, each as "a b" in alphabetical order. */
  readonly #cut = new Set<string>();
  #natsIsAway = false;

  constructor(random: Random) {
    this.#random = random;
  }

  /** From now on it is this bad. */
  degrade(faults: Faults): void {
    this.#faults = faults;
  }

  /** Nobody hears anybody's announcements or reaches a journal. Streams and calls go on. */
  setNatsAway(isAway: boolean): void {
    this.#natsIsAway = isAway;
  }

  cut(a: string, b: string): void {
    this.#cut.add(pair(a, b));
  }

  /** All is well from now on. */
  heal(): void {
    this.#faults = noFaults;
    this.#cut.clear();
    this.#natsIsAway = false;
  }

  publish(from: string, to: string): readonly number[] {
    const { dropRate, doubleRate } = this.#faults;
    if (this.#natsIsAway || this.#isCut(from, to) || this.#random.happens(dropRate)) return [];
    return this.#random.happens(doubleRate) ? [this.#delay(), this.#delay()] : [this.#delay()];
  }

  stream(): number {
    return this.#delay();
  }

  call(from: string, to: string): number | undefined {
    if (to === "journal" && this.#natsIsAway) return undefined;
    return this.#isCut(from, to) || this.#random.happens(this.#faults.failRate) ? undefined : this.#delay();
  }

  connects(from: string, to: string): boolean {
    return !this.#isCut(from, to) && !this.#random.happens(this.#faults.failRate);
  }

  #delay(): number {
    return this.#random.next() * this.#faults.delayMsMax;
  }

  #isCut(a: string, b: string): boolean {
    return this.#cut.has(pair(a, b));
  }
}

function pair(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
