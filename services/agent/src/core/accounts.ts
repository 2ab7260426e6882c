import { NumberedMap, PassingMap } from "@hearth/passing-map";

/** Outcomes and child calls kept for routers that are away. */
const keptBytesMax = 64 * 1024 * 1024;
/** Routers that were taken over longest ago are forgotten: their processes are gone. */
const supersededMax = 1_000;

/** What one router is owed. */
interface Account<End, Call> {
  /** By their receipts. */
  readonly ends: NumberedMap<Owed<End>>;
  readonly calls: PassingMap<string, Owed<Call>>;
  /** Whether there is a stream to it. */
  isHere: boolean;
}

interface Owed<Message> {
  readonly message: Message;
  readonly bytes: number;
}

/** What a router is told again on a new stream, the oldest first. */
export interface Arrears<End, Call> {
  readonly ends: readonly End[];
  readonly calls: readonly Call[];
}

/**
 * What each router is owed until it has it: ends of attempts until acknowledged, child calls until answered. `End` and
 * `Call` are carried along unread; receipts and keys are the caller's, unique for one router. What is kept is bounded: over the bound
 * the oldest ends of routers that are away are given up, and nothing of a router that is here.
 */
export class Accounts<End, Call> {
  readonly #accounts = new Map<string, Account<End, Call>>();
  /** Routers that others have taken over, the latest last. */
  readonly #superseded = new Set<string>();
  readonly #bytesMax: number;
  #keptBytes = 0;

  /** `bytesMax` bounds what is kept; default 64 MiB. */
  constructor({ bytesMax = keptBytesMax }: { readonly bytesMax?: number } = {}) {
    this.#bytesMax = bytesMax;
  }

  /** Ends that no router has acknowledged. */
  get unacknowledged(): number {
    let count = 0;
    for (const { ends } of this.#accounts.values()) count += ends.size;
    return count;
  }

  /** Bytes of all that is owed. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** The router has a stream now, an earlier one or not. Returns what it has to be told on it. */
  arrived(routerId: string): Arrears<End, Call> {
    const account = this.#account(routerId);
    account.isHere = true;
    return { ends: messagesOf(account.ends), calls: messagesOf(account.calls) };
  }

  /** What `from` is owed is `to`'s from now on, and `from` is heard no more. Saying it again changes nothing. */
  adopt(from: string, to: string): void {
    if (from === to) return;
    this.#superseded.delete(from);
    this.#superseded.add(from);
    for (const oldest of this.#superseded) {
      if (this.#superseded.size <= supersededMax) break;
      this.#superseded.delete(oldest);
    }
    const before = this.#accounts.get(from);
    if (before === undefined) return;
    const account = this.#account(to);
    for (const [receipt, end] of before.ends) account.ends.set(receipt, end);
    for (const [key, call] of before.calls) account.calls.set(key, call);
    this.#accounts.delete(from);
  }

  /** Whether another router has taken over what this one had. */
  isSuperseded(routerId: string): boolean {
    return this.#superseded.has(routerId);
  }

  /** The router's last stream broke. Returns the routers of the ends that are given up for it. */
  left(routerId: string): readonly string[] {
    const account = this.#accounts.get(routerId);
    if (account === undefined) return [];
    account.isHere = false;
    this.#forgetIfSettled(routerId, account);
    return this.#shed();
  }

  /** An attempt ended. Returns, for every end that is given up, the router it was for. */
  oweEnd(routerId: string, receipt: number, message: End, bytes: number): readonly string[] {
    const { ends } = this.#account(routerId);
    this.#keptBytes += bytes - (ends.get(receipt)?.bytes ?? 0);
    ends.set(receipt, { message, bytes });
    return this.#shed();
  }

  /** The router has the end. */
  acknowledge(routerId: string, receipt: number): void {
    const account = this.#accounts.get(routerId);
    if (account !== undefined) this.#settle(routerId, account, account.ends.take(receipt));
  }

  /** The first end that the router is owed for which this holds, for what happens seldom: all are looked at. */
  findEnd(routerId: string, holds: (end: End) => boolean): End | undefined {
    for (const { message } of this.#accounts.get(routerId)?.ends.values() ?? []) if (holds(message)) return message;
    return undefined;
  }

  /** A task asks for a child. Returns, for every end that is given up, the router it was for. */
  oweCall(routerId: string, key: string, message: Call, bytes: number): readonly string[] {
    const { calls } = this.#account(routerId);
    this.#keptBytes += bytes - (calls.get(key)?.bytes ?? 0);
    calls.set(key, { message, bytes });
    return this.#shed();
  }

  /** The call is answered, or nobody wants the answer. */
  settleCall(routerId: string, key: string): void {
    const account = this.#accounts.get(routerId);
    if (account !== undefined) this.#settle(routerId, account, account.calls.take(key));
  }

  #account(routerId: string): Account<End, Call> {
    let account = this.#accounts.get(routerId);
    if (account === undefined) {
      account = { ends: new NumberedMap(), calls: new PassingMap(), isHere: false };
      this.#accounts.set(routerId, account);
    }
    return account;
  }

  #settle(routerId: string, account: Account<End, Call>, owed: Owed<unknown> | undefined): void {
    this.#keptBytes -= owed?.bytes ?? 0;
    this.#forgetIfSettled(routerId, account);
  }

  /** A router that is away and is owed nothing may never come back. */
  #forgetIfSettled(routerId: string, { ends, calls, isHere }: Account<End, Call>): void {
    if (!isHere && ends.size === 0 && calls.size === 0) this.#accounts.delete(routerId);
  }

  #shed(): readonly string[] {
    if (this.#keptBytes <= this.#bytesMax) return nobody;
    const shed: string[] = [];
    for (const [routerId, account] of this.#accounts) {
      if (account.isHere) continue;
      for (const receipt of account.ends.keys()) {
        if (this.#keptBytes <= this.#bytesMax) return shed;
        this.#settle(routerId, account, account.ends.take(receipt));
        shed.push(routerId);
      }
    }
    return shed;
  }
}

const nobody: readonly string[] = [];

function messagesOf<Message>(owed: Iterable<readonly [unknown, Owed<Message>]>): readonly Message[] {
  return Array.from(owed, ([, { message }]) => message);
}
