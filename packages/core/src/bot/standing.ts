import type { Adapter, Standing } from '../adapter/adapter.js';
import type { JobStore, MessageKey, OpenJob } from '../store/job-store.js';
import { queueOrder } from './queue-positions.js';
import { firstPostKey } from './reply-writer.js';

/** What {@link StandingNotices} needs. @internal */
export interface StandingOptions {
  jobs: JobStore;
  adapters: ReadonlyMap<string, Adapter>;
  /** How long a message waits before its person is told. */
  afterMs: number;
  /** How many are answered side by side. */
  maxConcurrent: number;
}

const tickMs = 500;
/** Of the answers measured, the last ones count most. */
const weightOfNew = 0.2;

/** Tells people once where their messages stand, when they wait longer. @internal */
export class StandingNotices {
  readonly #waiting = new Map<string, { message: MessageKey; sinceMs: number }>();
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #telling: Promise<void> | undefined;
  #answerMs: number | undefined;

  constructor(private readonly options: StandingOptions) {}

  start(): void {
    this.#timer = setInterval(() => {
      this.#telling ??= this.#tellDue()
        // What cannot be told is waited for without being told.
        .catch(() => {})
        .finally(() => {
          this.#telling = undefined;
        });
    }, tickMs).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    this.#waiting.clear();
    await this.#telling;
  }

  /** A message begins to wait. */
  add(message: MessageKey): void {
    this.#waiting.set(nameOf(message), { message, sinceMs: performance.now() });
  }

  /** It waits no more. */
  remove(message: MessageKey): void {
    this.#waiting.delete(nameOf(message));
  }

  /** An answer took so long, from its beginning to its last post. */
  measure(durationMs: number): void {
    this.#answerMs =
      this.#answerMs === undefined
        ? durationMs
        : this.#answerMs + weightOfNew * (durationMs - this.#answerMs);
  }

  async #tellDue(): Promise<void> {
    const dueMs = performance.now() - this.options.afterMs;
    const due = [...this.#waiting.values()].filter(({ sinceMs }) => sinceMs <= dueMs);
    if (due.length === 0) return;
    const order = queueOrder(await this.options.jobs.openJobs([...this.options.adapters.keys()]));
    const positions = new Map(order.map((job, index) => [nameOf(job), index + 1]));
    for (const { message } of due) {
      this.remove(message);
      const position = positions.get(nameOf(message));
      if (position !== undefined && !this.#stopping.signal.aborted)
        await this.#tell(message, this.#standing(position));
    }
  }

  #standing(position: number): Standing {
    if (this.#answerMs === undefined) return { position };
    return { position, estimateMs: (this.#answerMs * position) / this.options.maxConcurrent };
  }

  async #tell(message: MessageKey, standing: Standing): Promise<void> {
    const { jobs, adapters } = this.options;
    const adapter = adapters.get(message.adapter);
    const { signal } = this.#stopping;
    if (adapter?.showStanding !== undefined)
      return adapter.showStanding(message, standing, { signal });
    // It would be changed, for which there is no room.
    if (adapter?.mayGrow?.(message) === false) return;
    // Noted before it is posted, so that the answer takes its place whatever dies in between.
    if (!adapter?.capabilities.editMessages || !(await jobs.beginNotice(message))) return;
    const post = { ...message, text: sentenceOf(standing), idempotencyKey: firstPostKey(message) };
    await jobs.noticed(message, await adapter.post(post, { signal }));
  }
}

function sentenceOf({ position, estimateMs }: Standing): string {
  const place = position === 1 ? 'You are next' : `You are number ${position} in the queue`;
  if (estimateMs === undefined) return `${place}.`;
  return `${place}; about ${inWords(estimateMs)}.`;
}

/** @internal */
export function inWords(durationMs: number): string {
  const seconds = Math.max(1, Math.round(durationMs / 1000));
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

function nameOf({
  adapter,
  tenant,
  conversationKey,
  messageId,
}: Pick<OpenJob, 'adapter' | 'tenant' | 'conversationKey' | 'messageId'>): string {
  return JSON.stringify([adapter, tenant, conversationKey, messageId]);
}
