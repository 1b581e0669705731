/** What the scheduler knows of a sequence. */
export interface Schedulable {
  /** Whose turn it is counted to, such as a tenant. */
  readonly tenant: string;
  /** Memory that its keys and values take at most, in bytes. */
  readonly kvBytes: number;
  /** Whether its whole prompt has been read. */
  readonly isDecoding: boolean;
}

/** What to run next: one token of each row, or a piece of the prompt of one sequence. */
export type StepPlan<S> =
  | { type: 'decode'; sequences: readonly S[] }
  | { type: 'prefill'; sequence: S };

/** Bounds of a scheduler. */
export interface SchedulerLimits {
  /** Most sequences that are under way at once, ≥ 1. */
  maxSequences: number;
  /** Memory for keys and values of all of them, in bytes. A sequence that alone needs more runs alone. */
  maxKvBytes: number;
}

/**
 * The share of time that goes to sequences that already write while others read their prompts. The
 * first token of another person then takes at most 4/3 of the time that it takes alone.
 */
const decodeShare = 1 / 4;

/** A sequence for which there is no room lets so many smaller ones pass, and then nobody. */
const maxOvertaken = 16;

/**
 * Decides which sequences run next. Those that write take a step together. Between these steps the
 * prompts of others are read piece by piece: of the tenant that was served least, its oldest first.
 */
export class Scheduler<S extends Schedulable> {
  readonly #limits: SchedulerLimits;
  readonly #waiting: S[] = [];
  readonly #running: S[] = [];
  /** Time spent on prompts of each tenant that has sequences, in milliseconds. */
  readonly #servedMs = new Map<string, number>();
  /** Time that decoding may still take before the next piece of a prompt, in milliseconds. */
  #decodeCreditMs = 0;
  /** How often others were let in before a sequence for which there was no room. */
  readonly #overtaken = new Map<S, number>();
  /** A step of decoding comes after each piece of a prompt, however long it takes. */
  #isDecodeDue = true;

  constructor(limits: SchedulerLimits) {
    this.#limits = limits;
  }

  /** Sequences that wait or run. */
  get all(): readonly S[] {
    return [...this.#running, ...this.#waiting];
  }

  /** Puts a sequence behind the others of its tenant. */
  add(sequence: S): void {
    const { tenant } = sequence;
    // Who comes anew is not served before all others for the time in which it asked nothing.
    if (!this.#servedMs.has(tenant)) this.#servedMs.set(tenant, this.#leastServedMs());
    this.#waiting.push(sequence);
  }

  /** Takes a sequence out, whether it waits or runs. */
  remove(sequence: S): void {
    for (const list of [this.#waiting, this.#running]) {
      const index = list.indexOf(sequence);
      if (index !== -1) list.splice(index, 1);
    }
    this.#overtaken.delete(sequence);
    const { tenant } = sequence;
    const isLast = ![...this.#waiting, ...this.#running].some((each) => each.tenant === tenant);
    if (isLast) this.#servedMs.delete(tenant);
  }

  /** What to run next; undefined when there is nothing. */
  plan(): StepPlan<S> | undefined {
    const decoding = this.#running.filter(({ isDecoding }) => isDecoding);
    const isDecodeTurn = this.#isDecodeDue || this.#decodeCreditMs > 0;
    if (decoding.length > 0 && isDecodeTurn) return { type: 'decode', sequences: decoding };
    const sequence = this.#nextPrompt();
    if (sequence !== undefined) return { type: 'prefill', sequence };
    return decoding.length > 0 ? { type: 'decode', sequences: decoding } : undefined;
  }

  /** Tells how long a planned step took. */
  spent(plan: StepPlan<S>, elapsedMs: number): void {
    if (plan.type === 'decode') {
      this.#isDecodeDue = false;
      this.#decodeCreditMs = Math.max(0, this.#decodeCreditMs - elapsedMs);
      return;
    }
    this.#isDecodeDue = true;
    this.#decodeCreditMs += (elapsedMs * decodeShare) / (1 - decodeShare);
    const { tenant } = plan.sequence;
    const served = this.#servedMs.get(tenant);
    if (served !== undefined) this.#servedMs.set(tenant, served + elapsedMs);
  }

  /** The prompt to read on: one that runs, or one that waits and for which there is room. */
  #nextPrompt(): S | undefined {
    const reading = this.#running.filter(({ isDecoding }) => !isDecoding);
    const next = this.#leastServed([...reading, ...this.#admissible()]);
    const index = next === undefined ? -1 : this.#waiting.indexOf(next);
    if (next === undefined || index === -1) return next;
    for (const each of this.#waiting.slice(0, index)) {
      if (!this.#fits(each)) this.#overtaken.set(each, (this.#overtaken.get(each) ?? 0) + 1);
    }
    this.#waiting.splice(index, 1);
    this.#overtaken.delete(next);
    this.#running.push(next);
    return next;
  }

  #admissible(): S[] {
    const due = this.#waiting.find((each) => (this.#overtaken.get(each) ?? 0) >= maxOvertaken);
    return (due === undefined ? this.#waiting : [due]).filter((each) => this.#fits(each));
  }

  #fits({ kvBytes }: S): boolean {
    if (this.#running.length === 0) return true;
    const used = this.#running.reduce((sum, each) => sum + each.kvBytes, 0);
    return (
      this.#running.length < this.#limits.maxSequences && used + kvBytes <= this.#limits.maxKvBytes
    );
  }

  /** The first one of the tenant that was served least. */
  #leastServed(sequences: readonly S[]): S | undefined {
    return sequences.reduce<S | undefined>((best, each) => {
      const isLess =
        best === undefined ||
        (this.#servedMs.get(each.tenant) ?? 0) < (this.#servedMs.get(best.tenant) ?? 0);
      return isLess ? each : best;
    }, undefined);
  }

  #leastServedMs(): number {
    const all = [...this.#servedMs.values()];
    return all.length === 0 ? 0 : Math.min(...all);
  }
}
