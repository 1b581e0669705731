import type { Adapter, AdapterCapabilities, ReceivedFile } from '../adapter/adapter.js';
import { ownCommandNames } from '../adapter/command-description.js';
import { parseCommand, parseUnknownCommand, writtenCommand } from '../adapter/parse-command.js';
import {
  type CommandCall,
  type PlatformEvent,
  platformEventSchema,
} from '../adapter/platform-event.js';
import { VistazoError } from '../errors.js';
import type { PluginHost } from '../plugin/plugin-host.js';
import type { AcceptOptions, CancelledJob, MessageKey, Refusal } from '../store/job-store.js';
import type { Store } from '../store/store.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import type { JobRunner } from './job-runner.js';
import type { Prefetcher } from './prefetcher.js';
import { rateAnswer } from './rate-answer.js';
import { refusalSentence } from './refusal-sentence.js';
import { firstPostKey } from './reply-writer.js';
import { stoppedByPerson } from './sentences.js';
import type { StandingNotices } from './standing.js';
import { conversationIdOf, turnIds } from './turn-ids.js';

/** What an {@link Inbox} needs. @internal */
export interface InboxOptions {
  store: Store;
  plugins: PluginHost;
  runner: JobRunner;
  prefetcher: Prefetcher;
  standing: StandingNotices;
  telemetry: Telemetry;
  /** What messages that come are held to. */
  accept: AcceptOptions;
}

type Taken = 'accepted' | 'known' | 'refused';

/** How long a platform may take to show what follows from an event. */
const showTimeoutMs = 30_000;

/** Takes the events of platforms: stores what they ask for, and tells those at work. @internal */
export class Inbox {
  /** Work that follows from events, for which no platform waits. */
  readonly #following = new Set<Promise<void>>();

  constructor(private readonly options: InboxOptions) {}

  /** Stored for good when it resolves. Throws `option.invalid` and `store.failed`. */
  async receive(
    adapter: Adapter,
    given: PlatformEvent,
    files: readonly ReceivedFile[] = [],
  ): Promise<Taken> {
    const { telemetry } = this.options;
    const { name } = adapter;
    const event = this.#withCommand(
      adapter,
      telemetry.checked(name, () => checked(adapter, given)),
    );
    return telemetry.received(name, event, (traceparent) =>
      this.#take(adapter, event, { adapter: name, ...event }, { files, traceparent }),
    );
  }

  /** Resolves when all that follows from events is done. */
  async close(): Promise<void> {
    await Promise.all(this.#following);
  }

  async #take(
    adapter: Adapter,
    event: CheckedEvent,
    key: MessageKey,
    given: Pick<AcceptOptions, 'files' | 'traceparent'>,
  ): Promise<Taken> {
    switch (event.type) {
      case 'message':
        return this.#takeMessage(adapter, event, key, given);
      case 'edited':
        return this.#takeEdit(event, key, given.traceparent ?? null);
      case 'deleted':
        return this.#forget(adapter, key);
      case 'cancelled':
        return this.#stop(adapter, event, key);
      case 'feedback':
        return this.#takeFeedback(event, key);
    }
  }

  async #takeMessage(
    adapter: Adapter,
    event: EventOf<'message'>,
    key: MessageKey,
    given: Pick<AcceptOptions, 'files' | 'traceparent'>,
  ): Promise<Taken> {
    const { store, runner, prefetcher, standing, accept } = this.options;
    const result = await store.jobs.accept(adapter.name, event, { ...accept, ...given });
    if (typeof result === 'object') {
      this.#show(adapter, 'post', () => tellRefusal(adapter, key, result));
      return 'refused';
    }
    if (result === 'known') return 'known';
    const isOther = (each: MessageKey) =>
      isSameConversation(each, key) && each.messageId !== key.messageId;
    if (accept.policy === 'replace') runner.lose(isOther);
    if (accept.policy === 'steer') runner.stopAnswers(isOther);
    if ((given.files ?? []).length === 0) prefetcher.add(adapter, event);
    standing.add(key);
    runner.wake();
    if (accept.policy === 'debounce') setTimeout(() => runner.wake(), accept.debounceMs).unref();
    return 'accepted';
  }

  async #takeEdit(
    event: EventOf<'edited'>,
    key: MessageKey,
    traceparent: string | null,
  ): Promise<Taken> {
    const { store, runner } = this.options;
    const result = await store.jobs.revise(key, event.eventId, event, traceparent);
    if (result === 'accepted') runner.lose((each) => isSame(each, key));
    runner.wake();
    return result;
  }

  /** Ends the answer to a deleted message, and takes away what was said for it. */
  async #forget(adapter: Adapter, key: MessageKey): Promise<Taken> {
    const { store, runner, standing } = this.options;
    const cancelled = await store.jobs.cancel(key);
    if (cancelled === undefined) return 'known';
    standing.remove(key);
    runner.lose((each) => isSame(each, key));
    await this.#erase(key, cancelled);
    this.#show(adapter, 'remove', () => remove(adapter, key, cancelled));
    // The one that it was answered with as one knows what it said.
    if (cancelled.foldedInto !== null)
      await this.#forget(adapter, { ...key, messageId: cancelled.foldedInto });
    runner.wake();
    return 'accepted';
  }

  async #erase(key: MessageKey, { revision }: CancelledJob): Promise<void> {
    const revisions = Array.from({ length: revision + 1 }, (_, each) => each);
    const messages = revisions.flatMap((each) => {
      const { questionId, answerId } = turnIds(key, each);
      return [questionId, answerId];
    });
    const conversations = this.options.store.forTenant(key.tenant);
    await conversations.erase(conversationIdOf(key), messages).catch((error: unknown) => {
      // It was deleted before it was taken into a conversation.
      if (!(error instanceof VistazoError) || error.code !== 'store.notFound') throw error;
    });
  }

  /** Ends an answer where it is. */
  async #stop(adapter: Adapter, event: EventOf<'cancelled'>, key: MessageKey): Promise<Taken> {
    const { store, runner, standing } = this.options;
    const stopped = await store.jobs.requestStop(key, event.eventId);
    if (stopped === 'known') return 'known';
    standing.remove(key);
    if (stopped === 'running') runner.stopAnswers((each) => isSame(each, key));
    else {
      adapter.answering?.(key, { type: 'ended' });
      this.#show(adapter, 'edit', () => sayStopped(adapter, key, stopped));
    }
    runner.wake();
    return 'accepted';
  }

  async #takeFeedback(event: EventOf<'feedback'>, key: MessageKey): Promise<Taken> {
    const { store, plugins, telemetry } = this.options;
    const rated = await rateAnswer(store, key, event.rating);
    if ((await store.jobs.note(key.adapter, key.tenant, event.eventId)) === 'known') return 'known';
    const { rating, author, comment } = event;
    const told = plugins.feedback({
      ...key,
      rating,
      author,
      ...(comment !== undefined && { comment }),
      question: rated?.question ?? '',
      answer: rated?.answer ?? '',
    });
    // The rating is kept with the answer, whether plugins can be told or not.
    this.#follow(told, (error) => telemetry.storeFailed('feedback', error));
    return 'accepted';
  }

  /** Where a platform has no commands, people write them. */
  #withCommand({ capabilities }: Adapter, event: CheckedEvent): CheckedEvent {
    if (event.type !== 'message' && event.type !== 'edited') return event;
    const isRead = !capabilities.commands || capabilities.writtenCommands;
    const command =
      event.command ?? (isRead ? this.#writtenIn(event.text, capabilities) : undefined);
    if (command === undefined) return event;
    const text = event.text.trim() === '' ? writtenCommand(command) : event.text;
    return { ...event, command, text };
  }

  /** A mistyped one is a call too, which is answered with the commands that there are. */
  #writtenIn(text: string, { commands: hasOwn }: AdapterCapabilities): CommandCall | undefined {
    const { commands } = this.options.plugins;
    return (
      parseCommand(text, commands) ??
      parseUnknownCommand(text, commands, hasOwn ? ownCommandNames : [])
    );
  }

  /** As far as the platform allows; what was stored is true whether it is shown or not. */
  #show(adapter: Adapter, call: 'post' | 'edit' | 'remove', work: () => Promise<void>): void {
    this.#follow(work(), (error) =>
      this.options.telemetry.platformFailed(adapter.name, call, error),
    );
  }

  #follow(work: Promise<void>, onFailure: (error: unknown) => void): void {
    const following = work.catch(onFailure).finally(() => this.#following.delete(following));
    this.#following.add(following);
  }
}

async function tellRefusal(adapter: Adapter, key: MessageKey, refusal: Refusal): Promise<void> {
  const text = refusal.isToBeTold ? refusalSentence(refusal) : undefined;
  if (text === undefined) return;
  const post = { ...key, text, idempotencyKey: firstPostKey(key) };
  await adapter.post(post, { signal: AbortSignal.timeout(showTimeoutMs) });
}

async function remove(adapter: Adapter, key: MessageKey, cancelled: CancelledJob): Promise<void> {
  const signal = AbortSignal.timeout(showTimeoutMs);
  const notice = await noticeOf(adapter, key, cancelled, signal);
  const posted = new Set([notice, ...cancelled.replies.map(({ postId }) => postId)]);
  for (const postId of posted)
    if (postId != null) await adapter.remove?.({ ...key, postId }, { signal });
}

/** Where it stood in the queue was posted in the place of the answer. */
async function sayStopped(
  adapter: Adapter,
  key: MessageKey,
  cancelled: CancelledJob,
): Promise<void> {
  const signal = AbortSignal.timeout(showTimeoutMs);
  const postId = await noticeOf(adapter, key, cancelled, signal);
  const options = { signal, completes: 'message' as const };
  if (postId !== undefined) await adapter.edit?.({ ...key, postId }, stoppedByPerson, options);
}

/** The post that says where a message stood; one of which that is not noted yet has the id that its key gives. */
async function noticeOf(
  adapter: Adapter,
  key: MessageKey,
  { replies: [first], isNoticed }: CancelledJob,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (first?.postId != null) return first.postId;
  if (!isNoticed) return undefined;
  const idempotencyKey = firstPostKey(key);
  const post = { ...key, text: stoppedByPerson, idempotencyKey, mayBePosted: true };
  return adapter.post(post, { signal, completes: 'message' });
}

function isSameConversation(a: MessageKey, b: MessageKey): boolean {
  return (
    a.adapter === b.adapter && a.tenant === b.tenant && a.conversationKey === b.conversationKey
  );
}

function isSame(a: MessageKey, b: MessageKey): boolean {
  return isSameConversation(a, b) && a.messageId === b.messageId;
}

type CheckedEvent = ReturnType<typeof checked>;
type EventOf<Type> = Extract<CheckedEvent, { type: Type }>;

function checked(adapter: Adapter, event: PlatformEvent) {
  const parsed = platformEventSchema.safeParse(event);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new VistazoError(
    'option.invalid',
    `The adapter ${adapter.name} handed over what is no event: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}.`,
  );
}
