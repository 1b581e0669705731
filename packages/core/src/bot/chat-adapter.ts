import type {
  Adapter,
  AdapterCapabilities,
  AdapterHost,
  AnsweringEvent,
  ReceivedFile,
  ReplyPost,
  ReplyTarget,
} from '../adapter/adapter.js';
import type { MessageEvent, PlatformEvent } from '../adapter/platform-event.js';
import { VistazoError } from '../errors.js';

/** Told what happens on the way to an answer. @internal */
export type Listener = (event: AnsweringEvent) => void;

/**
 * The adapter of a chat of our own, whose conversations are those of the store: what is answered is seen
 * there, so that only announcements are posted. @internal
 */
export class ChatAdapter implements Adapter {
  readonly capabilities: AdapterCapabilities = {
    maxTextLength: Number.MAX_SAFE_INTEGER,
    editMessages: false,
    editIntervalMs: 0,
    readsStore: true,
  };
  #host: AdapterHost | undefined;
  readonly #listeners = new Map<string, Listener>();
  /** Told of answers that nobody listens to, such as those to questions of an earlier process. */
  onUnheard: (target: ReplyTarget, event: AnsweringEvent) => void = () => {};

  constructor(
    readonly name: string,
    private readonly keepAnnouncement: (post: ReplyPost) => Promise<void>,
  ) {}

  async start(host: AdapterHost): Promise<void> {
    this.#host = host;
  }

  async stop(): Promise<void> {
    this.#host = undefined;
  }

  /** Throws `engine.closed` when no bot listens. */
  async receive(
    event: PlatformEvent,
    files: readonly ReceivedFile[] = [],
  ): Promise<'accepted' | 'known' | 'refused'> {
    if (this.#host !== undefined) return this.#host.receive(event, files);
    throw new VistazoError('engine.closed', 'The bot was stopped; start it again.');
  }

  /** Tells `listener` about the answer to a message, until it is told to end. */
  listen(messageId: string, listener: Listener): () => void {
    this.#listeners.set(messageId, listener);
    return () => this.#listeners.delete(messageId);
  }

  answering(target: ReplyTarget, event: AnsweringEvent): void {
    const listener = this.#listeners.get(target.messageId);
    if (listener === undefined) this.onUnheard(target, event);
    else listener(event);
  }

  /** Messages of a conversation that wait or are answered, oldest first; undefined when no bot listens. */
  async openMessages(
    place: Pick<ReplyTarget, 'tenant' | 'conversationKey'>,
  ): Promise<MessageEvent[] | undefined> {
    return this.#host?.openMessages(place);
  }

  async fetch(): Promise<Uint8Array> {
    throw new VistazoError('fetch.failed', 'The file was not kept; send it again.');
  }

  async post(post: ReplyPost, { signal }: { signal: AbortSignal }): Promise<string> {
    signal.throwIfAborted();
    if (post.isAnnouncement) await this.keepAnnouncement(post);
    return post.idempotencyKey;
  }

  /** Who asked sees that the question is on its way. */
  async showStanding(): Promise<void> {}
}
