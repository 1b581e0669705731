import type { PrefixCache } from '../kv/prefix-cache.js';
import type { ModelRunner } from '../runner/model-runner.js';
import { Scheduler, type SchedulerLimits, type StepPlan } from '../scheduler/scheduler.js';
import type { Sequence } from '../sequence/sequence.js';
import type { PromptReader } from './prompt-reader.js';

/** A sequence on its way through the model. */
export interface LoopEntry {
  readonly sequence: Sequence;
  readonly reader: PromptReader;
  readonly tenant: string;
  readonly kvBytes: number;
  readonly isDecoding: boolean;
  /** Told once, when its turn has come. */
  onStart(): void;
  /** Told once, after the last event. */
  onEnd(): void;
  /** Told instead of {@link onEnd} when it failed. */
  onError(error: unknown): void;
}

/**
 * Runs sequences: step by step, as the scheduler plans. Between two runs of a graph the event loop
 * turns, so that what is asked meanwhile is heard.
 */
export class StepLoop {
  readonly #runner: ModelRunner;
  readonly #prefixes: PrefixCache;
  readonly #scheduler: Scheduler<LoopEntry>;
  /** Sequences that have ended while a graph ran, which may still read their rows. */
  readonly #leaving: LoopEntry[] = [];
  #isStepping = false;
  #isRunning = false;
  #isClosed = false;

  constructor(runner: ModelRunner, prefixes: PrefixCache, limits: SchedulerLimits) {
    this.#runner = runner;
    this.#prefixes = prefixes;
    this.#scheduler = new Scheduler(limits);
  }

  /** Lets a sequence run as soon as its turn comes. */
  add(entry: LoopEntry): void {
    this.#scheduler.add(entry);
    if (!this.#isRunning) void this.#run();
  }

  /** Ends a sequence with what there is of its answer, whether it waits or runs. Nobody else notices. */
  end(entry: LoopEntry, reason: 'aborted' | 'deadline'): void {
    if (entry.sequence.isFinished) return;
    this.#scheduler.remove(entry);
    entry.onStart();
    entry.sequence.finish(reason);
    entry.onEnd();
    if (this.#isStepping) this.#leaving.push(entry);
    else this.#leave(entry);
  }

  /** Runs nothing more. Sequences that are under way fail with `error`. */
  close(error: Error): void {
    this.#isClosed = true;
    this.#fail(this.#scheduler.all, error);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (!this.#isClosed) {
      // ONNX Runtime blocks this thread; a turn of the loop lets an abort arrive.
      await new Promise((resolve) => setImmediate(resolve));
      const plan = this.#isClosed ? undefined : this.#scheduler.plan();
      if (plan === undefined) break;
      const startedAt = performance.now();
      this.#isStepping = true;
      await this.#step(plan);
      this.#isStepping = false;
      for (const entry of this.#leaving.splice(0)) this.#leave(entry);
      this.#scheduler.spent(plan, performance.now() - startedAt);
    }
    this.#isRunning = false;
  }

  async #step(plan: StepPlan<LoopEntry>): Promise<void> {
    const entries = plan.type === 'decode' ? plan.sequences : [plan.sequence];
    try {
      if (plan.type === 'decode') await this.#decode(plan.sequences);
      else await this.#read(plan.sequence);
    } catch (error) {
      this.#fail(entries, error);
    }
  }

  async #read(entry: LoopEntry): Promise<void> {
    entry.onStart();
    const logits = await entry.reader.step();
    if (logits !== undefined) this.#take(entry, logits);
  }

  async #decode(entries: readonly LoopEntry[]): Promise<void> {
    const tokens = entries.map(({ sequence }) => sequence.lastToken);
    const embeds = await this.#runner.embed(tokens);
    const hidden = embeds === undefined ? 0 : embeds.length / tokens.length;
    const logits = await this.#runner.decoder.forward(
      entries.map(({ sequence: { row, nextPosition, lastToken } }, index) => ({
        row,
        tokens: embeds?.subarray(index * hidden, (index + 1) * hidden) ?? [lastToken],
        positions: Int32Array.of(nextPosition, nextPosition, nextPosition),
      })),
    );
    for (const [index, entry] of entries.entries()) {
      const own = logits[index];
      if (own !== undefined) this.#take(entry, own);
    }
  }

  /** An aborted sequence takes no more part, also when its run was under way. */
  #take(entry: LoopEntry, logits: Float32Array): void {
    const { sequence } = entry;
    if (sequence.isFinished) return;
    try {
      sequence.take(logits);
    } catch (error) {
      // Its own constraint or sampler failed; the others of the step go on.
      this.#fail([entry], error);
      return;
    }
    if (!sequence.isFinished) return;
    this.#scheduler.remove(entry);
    this.#leave(entry);
    entry.onEnd();
  }

  /** Keeps what was read of the prompt and answer for later prompts, and frees the rest. */
  #leave({ sequence: { row, scope, prompt } }: LoopEntry): void {
    const { decoder } = this.#runner;
    const read = { ...prompt, keys: prompt.keys.slice(0, row.tokens) };
    this.#prefixes.remember(scope, read, (from, to) => decoder.copyBlock(row, from, to));
    decoder.release(row);
  }

  #fail(entries: readonly LoopEntry[], error: unknown): void {
    for (const entry of [...entries]) {
      this.#scheduler.remove(entry);
      this.#runner.decoder.release(entry.sequence.row);
      entry.onError(error);
    }
  }
}
