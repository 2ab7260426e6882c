import type { Clock, Timer } from "./clock.ts";

interface Alarm {
  readonly dueAt: number;
  readonly order: number;
  readonly ring: () => void;
}

/** A clock that moves only when told to. Callbacks run in the order they are due. */
export class ManualClock implements Clock {
  #now: number;
  #order = 0;
  readonly #alarms = new Set<Alarm>();

  constructor(startMs = 0) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): Timer {
    const alarm: Alarm = { dueAt: this.#now + delayMs, order: this.#order++, ring: callback };
    this.#alarms.add(alarm);
    return { cancel: () => void this.#alarms.delete(alarm) };
  }

  every(periodMs: number, callback: () => void): Timer {
    const again = (): void => {
      next = this.after(periodMs, again);
      callback();
    };
    let next = this.after(periodMs, again);
    return { cancel: () => next.cancel() };
  }

  /** Moves on by `byMs`, ringing every alarm that comes due, those set on the way included. */
  advance(byMs: number): void {
    const until = this.#now + byMs;
    for (let alarm = this.#nextDue(until); alarm !== undefined; alarm = this.#nextDue(until)) {
      this.#alarms.delete(alarm);
      this.#now = Math.max(this.#now, alarm.dueAt);
      alarm.ring();
    }
    this.#now = until;
  }

  #nextDue(until: number): Alarm | undefined {
    let next: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (alarm.dueAt > until) continue;
      if (next === undefined || alarm.dueAt < next.dueAt || (alarm.dueAt === next.dueAt && alarm.order < next.order)) {
        next = alarm;
      }
    }
    return next;
  }
}
