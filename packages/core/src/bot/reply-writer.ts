import type { Adapter, PostedPicture, ReplyTarget, WriteOptions } from '../adapter/adapter.js';
import type { ReplyAction } from '../adapter/reply-action.js';
import { splitAnswer } from '../reply/split-answer.js';
import type { Job, JobStore, MessageKey, Post } from '../store/job-store.js';
import type { TurnTelemetry } from '../telemetry/turn-telemetry.js';
import { derivedKey } from './derived-id.js';
import { messageKeyOf } from './turn-ids.js';

/** How a message of an answer ends; nothing of it is known while it grows. */
interface Ending extends Pick<WriteOptions, 'completes'> {
  actions: readonly ReplyAction[];
  pictures: readonly PostedPicture[];
}

/** While it grows. */
const noEnding: Ending = { actions: [], pictures: [] };

/** How often a platform is told again that an answer is coming. */
const workingIntervalMs = 8000;

/**
 * Writes one answer to its platform: shows that it is coming, lets it grow where messages can be
 * edited, and at last makes the messages say exactly what they should. What an earlier attempt
 * posted is edited, not posted again. @internal
 */
export class ReplyWriter {
  readonly #target: ReplyTarget;
  readonly #postIds: Map<number, string>;
  /** What each message says on the platform, as far as it is known. Only what is delivered can have actions. */
  readonly #shown = new Map<number, string>();
  #wanted: string[] = [];
  #growing: Promise<void> | undefined;
  /** Posted, which the store does not know yet. */
  #unnoted: Post | undefined;
  #endWorking = () => {};

  constructor(
    private readonly adapter: Adapter,
    private readonly jobs: JobStore,
    private readonly job: Job,
    private readonly telemetry: TurnTelemetry,
    private readonly signal: AbortSignal,
  ) {
    const { tenant, conversationKey, messageId } = job.event;
    const { isAnnouncement } = job;
    this.#target = {
      tenant,
      conversationKey,
      messageId,
      ...(isAnnouncement && { isAnnouncement }),
    };
    this.#postIds = new Map(
      job.replies.flatMap(({ position, postId }) => (postId === null ? [] : [[position, postId]])),
    );
  }

  /** Shows that an answer is coming until its first text or `end`. */
  showWorking(): void {
    if (this.adapter.showWorking === undefined) return;
    const show = () =>
      void this.adapter.showWorking?.(this.#target, { signal: this.signal }).catch(() => {});
    show();
    const timer = setInterval(show, workingIntervalMs);
    this.#endWorking = () => clearInterval(timer);
  }

  /** Shows the text so far, if the platform can edit; returns at once. */
  grow(text: string): void {
    if (!this.adapter.capabilities.editMessages || this.signal.aborted) return;
    this.#wanted = this.split(text);
    this.#growing ??= this.#growUntilShown().finally(() => {
      this.#growing = undefined;
    });
  }

  split(text: string): string[] {
    return splitAnswer(text, this.adapter.capabilities.maxTextLength);
  }

  /** How many messages of the answer are posted, those of earlier attempts included. */
  get postedCount(): number {
    return Math.max(-1, ...this.#postIds.keys()) + 1;
  }

  /** Ends the growing, whether the answer is whole or not. */
  async end(): Promise<void> {
    this.#endWorking();
    this.#wanted = [];
    await this.#growing;
  }

  /** How many messages of the answer were delivered, until one failed. */
  deliveredCount = 0;

  /**
   * Makes the posted messages say this; an empty text takes one away. The last that says something has the
   * actions, and the pictures where it is not posted yet. Gives the last post if it is new, to be noted with the
   * end of the job. Throws what the adapter throws.
   */
  async deliver(
    texts: readonly string[],
    actions: readonly ReplyAction[] = [],
    pictures: readonly PostedPicture[] = [],
  ): Promise<Post | undefined> {
    const last = texts.findLastIndex((text) => text !== '');
    for (const [position, text] of texts.entries()) {
      this.deliveredCount = position;
      await this.#notePost();
      const isLast = position === last;
      await this.#write(
        position,
        text,
        isLast ? { completes: 'answer', actions, pictures } : { ...noEnding, completes: 'message' },
      );
    }
    return this.#unnoted;
  }

  async #growUntilShown(): Promise<void> {
    for (let position = 0; position < this.#wanted.length && !this.signal.aborted; ) {
      const text = this.#wanted[position] ?? '';
      if (this.#shown.get(position) === text) {
        position += 1;
        continue;
      }
      // What fails here, or has no room, is written when the answer is whole.
      if (this.#postIds.has(position) || this.adapter.mayGrow?.(this.#target) !== false)
        await this.#write(position, text)
          .then(() => this.#notePost())
          .catch(() => {});
      await pause(this.adapter.capabilities.editIntervalMs, this.signal);
      if (this.#wanted[position] === text) position += 1;
    }
  }

  async #write(position: number, text: string, ending: Ending = noEnding): Promise<void> {
    this.signal.throwIfAborted();
    this.#endWorking();
    const postId = this.#postIds.get(position);
    // What was announced says what it is to say, and is not changed.
    if (postId !== undefined && this.job.isAnnouncement) return;
    if (postId === undefined) return text === '' ? undefined : this.#post(position, text, ending);
    const { adapter, telemetry } = this;
    const { actions, completes } = ending;
    const isToEnd = completes !== undefined && adapter.capabilities.nativeStreaming === true;
    if (this.#shown.get(position) === text && actions.length === 0 && !isToEnd) return;
    const posted = { ...this.#target, postId, ...(actions.length > 0 && { actions }) };
    const options = { signal: this.signal, ...(completes !== undefined && { completes }) };
    if (text === '')
      await telemetry.platformCall('remove', async () => adapter.remove?.(posted, options));
    else if (adapter.capabilities.editMessages)
      await telemetry.platformCall('edit', async () => adapter.edit?.(posted, text, options));
    this.#shown.set(position, text);
  }

  async #notePost(): Promise<void> {
    if (this.#unnoted === undefined) return;
    await this.jobs.posted(this.job, this.#unnoted);
    this.#unnoted = undefined;
  }

  async #post(position: number, text: string, ending: Ending): Promise<void> {
    const { actions, pictures, completes } = ending;
    const idempotencyKey = postKey(messageKeyOf(this.job), position);
    const post = {
      ...this.#target,
      text,
      ...(actions.length > 0 && { actions }),
      ...(pictures.length > 0 && { pictures: pictures.map(postedPicture) }),
      idempotencyKey,
      ...(this.#mayBePosted && { mayBePosted: true }),
    };
    const postId = await this.telemetry.platformCall('post', () =>
      this.adapter.post(post, {
        signal: this.signal,
        ...(completes !== undefined && { completes }),
      }),
    );
    this.#postIds.set(position, postId);
    this.#unnoted = { position, postId };
    // A post whose key was known says what it said before.
    if (this.#mayBePosted) await this.#write(position, text, ending);
    else this.#shown.set(position, text);
  }

  /** Whether messages of the answer may be posted that are not noted in the store. */
  get #mayBePosted(): boolean {
    const { attempts, revision, isNoticed } = this.job;
    return attempts > 1 || revision > 0 || isNoticed;
  }
}

/** Under which key the first message of an answer is posted, or where the question stands in its place. @internal */
export function firstPostKey(message: MessageKey): string {
  return postKey(message, 0);
}

/** Without what the store calls it by. */
function postedPicture({ bytes, mediaType, name, description }: PostedPicture): PostedPicture {
  return { bytes, mediaType, name, description };
}

function postKey(
  { adapter, tenant, conversationKey, messageId }: MessageKey,
  position: number,
): string {
  return derivedKey(adapter, tenant, conversationKey, messageId, position);
}

function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, durationMs);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
