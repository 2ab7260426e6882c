import { subjects, type Bus } from "@hearth/bus";
import type { Clock } from "@hearth/clock";
import { DemandReportSchema } from "@hearth/proto";
import type { Logger } from "@hearth/telemetry";
import { payloadBytesOf, type Execution } from "../core/execution.ts";
import { PeerRouters } from "../core/peer-routers.ts";
import { replayJournal } from "../core/replay-journal.ts";
import { carriedRecord } from "../io/journal-records.ts";
import { successorOf, type JournalTails } from "../io/journal-tail.ts";
import type { Journal } from "../io/journal.ts";
import type { OpenJournals } from "../io/open-journals.ts";
import type { Executions } from "./run-executions.ts";

const lookEveryMs = 250;
/** Results of executions that had ended, kept for late questions. More than this is not taken over, the oldest first. */
const endedBytesMax = 64 * 1024 * 1024;
/** So much of what is taken over waits to be written at a time. */
const carriedBytesMax = 512 * 1024;

export interface AdoptRoutersOptions {
  readonly routerId: string;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly tails: JournalTails;
  readonly journals: OpenJournals;
  readonly journal: Journal;
  readonly executions: Executions;
  /** Called once the executions of these routers are this router's. */
  readonly adopted: (routerIds: readonly string[], executions: readonly Execution[]) => void;
}

/**
 * Takes over what routers had that are gone. The one step that counts is the closing of the other's journal: it succeeds for
 * one router only, and only if nothing was written since it was read; everything is in one's own journal before that.
 */
export class AdoptRouters {
  readonly #options: AdoptRoutersOptions;
  readonly #peers = new PeerRouters();
  readonly #closed = new Set<string>();
  readonly #adopting = new Set<string>();
  /** The look for journals that is under way, or the last one, and the one after it. */
  #finding: Promise<void> = Promise.resolve();
  #nextFinding: Promise<void> | undefined;
  #isLooking = false;
  #isSealing = false;
  #couldHear = true;

  constructor(options: AdoptRoutersOptions) {
    this.#options = options;
  }

  /** Starts to listen for the other routers. `address`: where clients reach this one. */
  async start(address: string): Promise<void> {
    const { bus, clock, log, routerId } = this.#options;
    bus.subscribe(
      subjects.allDemand,
      DemandReportSchema,
      (report) => {
        if (report.routerId === routerId || this.#closed.has(report.routerId)) return;
        this.#peers.heard(report.routerId, report.address, report.leaving, clock.now());
      },
      (error) => log.warn({ err: error }, "demand report could not be read"),
    );
    await this.findPeers();
    clock.every(lookEveryMs, () => void this.#look(address));
  }

  /** The other routers that may have accepted something: those whose journals are open. */
  peers(): readonly string[] {
    return this.#peers.ids();
  }

  /** Whether a router's journal is being closed: others may see that it is before this one knows. */
  get isSealing(): boolean {
    return this.#isSealing;
  }

  /** Whether the execution is about to be this router's. */
  isAdopting(executionId: string): boolean {
    return this.#adopting.has(executionId);
  }

  /**
   * Looks for journals of routers that were not heard of. Thousands may want to know at once: who asks while that is looked up
   * shares the next answer, so that each has one that was asked for after it asked.
   */
  findPeers(): Promise<void> {
    this.#nextFinding ??= this.#finding.then(() => {
      this.#nextFinding = undefined;
      const found = this.#findPeers();
      this.#finding = found.catch(() => undefined);
      return found;
    });
    return this.#nextFinding;
  }

  async #findPeers(): Promise<void> {
    const { clock, routerId, tails } = this.#options;
    for (const id of await tails.routers()) {
      if (id === routerId || this.#closed.has(id) || this.#peers.has(id)) continue;
      const tail = await tails.of(id);
      if (tail === undefined || successorOf(tail) !== undefined) this.#closed.add(id);
      else this.#peers.found(id, tail.batch.address, clock.now());
    }
  }

  async #look(address: string): Promise<void> {
    const { bus, clock, log } = this.#options;
    if (this.#isLooking) return;
    const canHear = bus.isConnected();
    if (canHear && !this.#couldHear) this.#peers.listenAnew(clock.now());
    this.#couldHear = canHear;
    if (!canHear) return;
    this.#isLooking = true;
    for (const routerId of this.#peers.gone(address, clock.now())) {
      await this.#adopt(routerId).catch((error: unknown) =>
        log.warn({ routerId, err: error }, "router was not taken over"),
      );
      this.#isSealing = false;
    }
    this.#isLooking = false;
  }

  async #adopt(routerId: string): Promise<void> {
    const { clock, log, tails, journals, journal, routerId: ownId } = this.#options;
    const startedAt = clock.now();
    const tail = await tails.of(routerId);
    if (tail === undefined || successorOf(tail) !== undefined) return this.#forget(routerId);
    const { entries, adoptedIds } = await journals.read(routerId, tail);
    const adopted = latest([...replayJournal(entries).values()], endedBytesMax);
    for (const { id } of adopted) this.#adopting.add(id);
    let bytes = 0;
    for (const execution of adopted) {
      execution.mark = journal.begin();
      const written = journal.append(carriedRecord(execution, routerId, clock.now()));
      bytes += payloadBytesOf(execution);
      if (bytes < carriedBytesMax) continue;
      // What is accepted meanwhile is to be written meanwhile, not behind all of this.
      await written.reached;
      bytes = 0;
    }
    await journal.written();
    this.#isSealing = true;
    if (!(await journals.seal(routerId, tail, ownId, clock.now()))) {
      for (const { id, mark } of adopted) {
        this.#adopting.delete(id);
        if (mark !== undefined) journal.forget(mark);
      }
      // It is alive, or somebody else was first: the next look tells.
      this.#peers.listenAnew(clock.now());
      return;
    }
    this.#forget(routerId);
    const open = adopted.filter(({ state }) => state.kind !== "ended").length;
    log.info(
      { routerId, open, ended: adopted.length - open, tookMs: clock.now() - startedAt },
      "router was taken over",
    );
    for (const { id } of adopted) this.#adopting.delete(id);
    // Not every replica may have heard whom that one had taken over.
    const allAdopted = [...adoptedIds, routerId];
    journal.adopted(allAdopted);
    this.#options.adopted(allAdopted, adopted);
  }

  #forget(routerId: string): void {
    this.#peers.closed(routerId);
    this.#closed.add(routerId);
  }
}

/** All that have not ended, and of the others the latest whose payloads are not too much. */
function latest(executions: readonly Execution[], endedBytesMax: number): readonly Execution[] {
  let bytes = 0;
  return executions
    .toSorted((a, b) => endOf(b) - endOf(a))
    .filter((execution) => {
      if (execution.state.kind !== "ended") return true;
      bytes += payloadBytesOf(execution);
      return bytes <= endedBytesMax;
    })
    .reverse();
}

function endOf({ state }: Execution): number {
  return state.kind === "ended" ? state.at : Infinity;
}
