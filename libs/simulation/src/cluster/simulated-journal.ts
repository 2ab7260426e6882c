import { replayJournal, type Attempt, type Execution, type JournalEntry } from "@hearth/router/core";
import type { EventQueue } from "../event-queue.ts";
import type { Network } from "./network.ts";

/** What is carried over is kept with where it comes from: whether it counts is told later, by that router's journal. */
type Written =
  Exclude<JournalEntry, { kind: "carried" }> | { readonly kind: "carried"; execution: Execution; fromRouterId: string };

const tryAgainMs = 50;
/** How long what nobody waits for waits for company: longer than in a real one, so that more goes wrong meanwhile. */
const lingerMs = 100;

/** A router's journal: one batch is on its way at a time, and nothing is written once it is sealed. */
export class SimulatedJournal {
  readonly #routerId: string;
  readonly #queue: EventQueue;
  readonly #network: Network;
  readonly #superseded: () => void;
  readonly #written: Written[] = [];
  #gathered: { readonly entries: Written[]; readonly durable: (() => void)[] } = { entries: [], durable: [] };
  #isWriting = false;
  #sealedFor: string | undefined;
  #isAbandoned = false;

  /** `superseded` is called when something was to be written after another router had taken over. */
  constructor(
    routerId: string,
    around: { readonly queue: EventQueue; readonly network: Network },
    superseded: () => void,
  ) {
    this.#routerId = routerId;
    this.#queue = around.queue;
    this.#network = around.network;
    this.#superseded = superseded;
  }

  /** The router that has taken over. */
  get sealedFor(): string | undefined {
    return this.#sealedFor;
  }

  /** How much is written: a takeover holds only if that is still so when it comes about. */
  get length(): number {
    return this.#written.length;
  }

  /** `lingers`: nobody waits for it. */
  append(entry: Written, durable: () => void = () => undefined, lingers?: "lingers"): void {
    // Executions go on changing; what is written does not.
    this.#gathered.entries.push(frozen(entry));
    this.#gathered.durable.push(durable);
    if (lingers === undefined) return this.#write();
    this.#queue.after(lingerMs, () => {
      if (!this.#isAbandoned) this.#write();
    });
  }

  /** Calls back once all that was appended so far is written. */
  whenWritten(durable: () => void): void {
    if (!this.#isWriting && this.#gathered.entries.length === 0) return durable();
    this.#gathered.durable.push(durable);
    this.#write();
  }

  /** Its router is dead: what was not on its way is lost. */
  abandon(): void {
    this.#isAbandoned = true;
  }

  /** What it says, as it is written. `isMine`: whether one router's takeover from another came about. */
  read(isSealedFor: (fromRouterId: string, routerId: string) => boolean): Map<string, Execution> {
    return replayJournal(
      this.#written.map((entry): JournalEntry => {
        const copy = frozen(entry);
        if (copy.kind !== "carried") return copy;
        const isMine = copy.fromRouterId === "" || isSealedFor(copy.fromRouterId, this.#routerId);
        return { kind: "carried", execution: copy.execution, isMine };
      }),
    );
  }

  /** Those that its router says it has taken over from. */
  adoptedIds(): readonly string[] {
    const ids = this.#written.flatMap((entry) => (entry.kind === "carried" ? [entry.fromRouterId] : []));
    return [...new Set(ids)];
  }

  seal(successorId: string): void {
    this.#sealedFor = successorId;
  }

  #write(): void {
    if (this.#isWriting || this.#gathered.durable.length === 0) return;
    this.#isWriting = true;
    const delayMs = this.#network.call(this.#routerId, "journal");
    if (delayMs === undefined) {
      this.#queue.after(tryAgainMs, () => {
        this.#isWriting = false;
        if (!this.#isAbandoned) this.#write();
      });
      return;
    }
    const batch = this.#gathered;
    this.#gathered = { entries: [], durable: [] };
    this.#queue.after(delayMs, () => {
      if (this.#sealedFor !== undefined) return this.#superseded();
      this.#written.push(...batch.entries);
      // The acknowledgement finds nobody.
      if (this.#isAbandoned) return;
      this.#isWriting = false;
      for (const durable of batch.durable) durable();
      this.#write();
    });
  }
}

/** A copy that shares nothing that changes. */
function frozen(entry: Written): Written {
  switch (entry.kind) {
    case "accepted":
    case "carried":
      return { ...entry, execution: copyOf(entry.execution) };
    case "dispatched":
      return { ...entry, attempt: { ...entry.attempt } };
    case "attemptEnded":
    case "ended":
      return entry;
  }
}

function copyOf(execution: Execution): Execution {
  const attempts: Attempt[] = execution.attempts.map((attempt) => ({ ...attempt }));
  const { state } = execution;
  const last = attempts.at(-1);
  return {
    ...execution,
    attempts,
    state: state.kind === "running" && last !== undefined ? { kind: "running", attempt: last } : state,
  };
}
