/** A batch of the journal, and how many executions that are still known have their first record in it. */
export interface Mark {
  /** In the journal's stream. 0 until it is known. */
  sequence: number;
  /** What of news had been written by its end, in bytes. */
  endsAtBytes: number;
  executions: number;
}

/**
 * Where whoever takes over from this router has to begin to read its journal: at the first batch that says anything about an
 * execution that it still knows. Executions that fall far behind are written again, so that a long one does not make
 * everything after it be read. Only news put a distance between them: what is written again, or for the sake of a takeover that
 * may come to nothing, would else drive out what has ended, and that is never written again.
 */
export class ReplayPoint {
  /** In the order of their batches; the last one is being gathered. */
  readonly #marks: Mark[] = [newMark()];
  #newBytes = 0;

  /** The batch that is being gathered says all that is known of an execution: it is to be given back. */
  begin(): Mark {
    const gathered = this.#marks[this.#marks.length - 1] as Mark;
    gathered.executions += 1;
    return gathered;
  }

  /** Nobody needs to read about an execution any more, or it is written again. */
  forget(mark: Mark): void {
    mark.executions -= 1;
  }

  /** The gathered batch is sent. Returns the sequence to read from, 0 for this batch itself. All before it are written. */
  send(): number {
    this.#marks.push(newMark());
    while (this.#marks.length > 2 && this.#marks[0]?.executions === 0) this.#marks.shift();
    return this.#marks[0]?.sequence ?? 0;
  }

  /** The batch that was sent last is written. `newBytes` of it say what was not in the journal before. */
  written(sequence: number, newBytes: number): void {
    this.#newBytes += newBytes;
    const sent = this.#marks[this.#marks.length - 2];
    if (sent !== undefined) Object.assign(sent, { sequence, endsAtBytes: this.#newBytes });
  }

  /** The first batch, when that is further behind than `bytesMax`: its executions are to be written again. */
  straggler(bytesMax: number): Mark | undefined {
    const [first] = this.#marks;
    const isFarBehind = first !== undefined && this.#newBytes - first.endsAtBytes > bytesMax;
    return isFarBehind && first.executions > 0 ? first : undefined;
  }
}

function newMark(): Mark {
  return { sequence: 0, endsAtBytes: Infinity, executions: 0 };
}
