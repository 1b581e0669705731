import { randomUUID } from 'node:crypto';
import type { PlatformEvent } from '../adapter/platform-event.js';
import type { ModelInfo } from '../backend/vision-language-model.js';
import type { ImageId } from '../conversation/chat-message.js';
import {
  type ConversationId,
  conversationIdSchema,
  type MessageId,
  messageIdSchema,
  picturesOf,
  textOf,
} from '../conversation/message.js';
import { VistazoError } from '../errors.js';
import { defaultMaxPages, defaultMaxVideoFrames } from '../media/file-pictures.js';
import { defaultPictureLimits } from '../media/picture-limits.js';
import type { ConversationStore, Rating } from '../store/conversation-store.js';
import type { ChatAdapter } from './chat-adapter.js';
import type { ChatPlatformOptions } from './chat-platform.js';
import type {
  AnswerOptions,
  ChatEvent,
  ChatService,
  ConversationSummary,
  NewMessage,
  ShownConversation,
} from './chat-service.js';
import { type LoadedConversation, loadConversation } from './load-conversation.js';
import { checkMessage, checkPictures, checkText, type MessageLimits } from './new-pictures.js';
import { newConversation } from './new-records.js';
import { RunningAnswer } from './running-answer.js';
import { toShown, toSummary } from './shown.js';
import { TurnQueue } from './turn-queue.js';

/** What a call asks the bot to answer. */
type Asked = Pick<PlatformEvent & { type: 'message' }, 'text'> &
  Partial<Pick<PlatformEvent & { type: 'message' }, 'author' | 'postedAtMs' | 'versionOf'>> & {
    pictures?: NewMessage['pictures'];
  };

/** Where an event of the service happens. */
type Place = Pick<PlatformEvent, 'eventId' | 'tenant' | 'conversationKey' | 'messageId'>;

/** Checks what is asked, before anything is stored. Throws. */
type Prepare = (loaded: LoadedConversation, signal: AbortSignal) => Promise<Asked>;

const somebody = 'user';

/** A chat service whose questions are answered by a bot. @internal */
export class StoredChatService implements ChatService {
  readonly #store: ConversationStore;
  readonly #tenant: string;
  readonly #limits: MessageLimits;
  readonly #asking = new TurnQueue();
  /** In the order in which they were asked. */
  readonly #running = new Set<RunningAnswer>();

  constructor(
    private readonly adapter: ChatAdapter,
    private readonly options: ChatPlatformOptions & { tenant: string },
    private readonly onClose: () => Promise<void>,
  ) {
    this.#store = options.store;
    this.#tenant = options.tenant;
    this.#limits = {
      maxPictures: options.maxPictures ?? 10,
      maxPages: options.maxPages ?? defaultMaxPages,
      maxVideoFrames: options.maxVideoFrames ?? defaultMaxVideoFrames,
      maxPictureBytes: options.maxPictureBytes ?? defaultPictureLimits.maxBytes,
      maxTextLength: options.maxTextLength ?? 100_000,
    };
  }

  get model(): ModelInfo {
    return this.options.model;
  }

  async listConversations(): Promise<ConversationSummary[]> {
    return (await this.#store.listConversations()).map(toSummary);
  }

  async createConversation(options: { systemMessage?: string } = {}): Promise<ConversationSummary> {
    const record = newConversation(
      conversationIdSchema.parse(randomUUID()),
      options.systemMessage ?? this.options.systemMessage ?? null,
    );
    await this.#store.createConversation(record);
    return toSummary(record);
  }

  async getConversation(id: ConversationId): Promise<ShownConversation> {
    const { record, conversation } = await this.#load(id);
    const messages = conversation.shown.map((message) => toShown(conversation, message));
    return { ...toSummary(record), messages };
  }

  renameConversation(id: ConversationId, title: string): Promise<void> {
    return this.#store.renameConversation(id, title);
  }

  setConsent(id: ConversationId, consent: boolean): Promise<void> {
    return this.#store.setConsent(id, consent ? Date.now() : null);
  }

  async deleteConversation(id: ConversationId): Promise<void> {
    await this.#stopAll((answer) => answer.conversationId === id);
    await this.#store.deleteConversation(id);
  }

  send(
    id: ConversationId,
    message: NewMessage,
    options: AnswerOptions = {},
  ): AsyncIterable<ChatEvent> {
    return this.#ask(id, options, async (_, signal) => {
      checkMessage(message, this.#limits);
      this.#checkCapabilities(message);
      const origin = this.adapter.name;
      await checkPictures(this.options.media, { ...message, origin }, this.#limits, signal);
      const { text, pictures = [], author = somebody, postedAtMs } = message;
      return {
        text,
        pictures,
        author: { id: author, name: author },
        ...(postedAtMs !== undefined && { postedAtMs }),
      };
    });
  }

  #checkCapabilities({ pictures = [] }: NewMessage): void {
    if (pictures.length === 0 || this.model.capabilities.images) return;
    throw new VistazoError(
      'option.unsupported',
      `The model ${this.model.id} takes no pictures; send text alone or choose another model.`,
    );
  }

  regenerate(
    id: ConversationId,
    answerId: MessageId,
    options: AnswerOptions = {},
  ): AsyncIterable<ChatEvent> {
    return this.#ask(id, options, async ({ conversation }) => {
      const { role, parentId } = conversation.get(answerId);
      if (role !== 'assistant' || parentId === null) {
        throw new VistazoError(
          'option.invalid',
          `Only answers can be regenerated; message ${answerId} is of the ${role}.`,
        );
      }
      return { text: textOf(conversation.get(parentId)), versionOf: answerId };
    });
  }

  edit(
    id: ConversationId,
    messageId: MessageId,
    change: { text: string },
    options: AnswerOptions = {},
  ): AsyncIterable<ChatEvent> {
    return this.#ask(id, options, async ({ conversation }) => {
      const message = conversation.get(messageId);
      if (message.role !== 'user') {
        throw new VistazoError(
          'option.invalid',
          `Only messages of people can be edited; message ${messageId} is of the ${message.role}.`,
        );
      }
      checkText(change.text, picturesOf(message).length, this.#limits);
      return { text: change.text, versionOf: messageId };
    });
  }

  async show(id: ConversationId, messageId: MessageId): Promise<void> {
    const { conversation } = await this.#load(id);
    await this.#store.show(id, conversation.show(messageId));
  }

  async deleteMessage(id: ConversationId, messageId: MessageId): Promise<void> {
    const { conversation } = await this.#load(id);
    const doomed = new Set(conversation.withDescendants(messageId));
    await this.#stopAll((answer) => doomed.has(answer.answerId));
    const loaded = await this.#load(id);
    const messages = loaded.conversation.delete(messageId);
    await this.#store.remove(id, { messages, shownLeaf: loaded.conversation.shownLeaf });
  }

  async rate(id: ConversationId, messageId: MessageId, rating: Rating | null): Promise<void> {
    const { conversation } = await this.#load(id);
    if (conversation.get(messageId).role !== 'assistant') {
      throw new VistazoError('option.invalid', 'Only answers can be rated.');
    }
    await this.adapter.receive({
      type: 'feedback',
      ...this.#placeOf(id, messageId, 'rated'),
      rating,
      author: { id: somebody, name: somebody },
    });
  }

  async stop(id: ConversationId): Promise<void> {
    const running = this.#runningIn(id);
    if (running !== undefined) await this.#stopOne(running);
  }

  follow(id: ConversationId): AsyncIterable<ChatEvent> | undefined {
    return this.#runningIn(id)?.log;
  }

  async picture(id: ImageId): Promise<{ bytes: Uint8Array; mediaType: string }> {
    const { bytes, mediaType } = await this.#store.picture(id);
    return { bytes, mediaType };
  }

  async close(): Promise<void> {
    await this.#stopAll(() => true);
    await this.onClose();
  }

  #load(id: ConversationId): Promise<LoadedConversation> {
    return loadConversation(this.#store, id);
  }

  /** The one that is made now: the others of the conversation wait for it. */
  #runningIn(id: ConversationId): RunningAnswer | undefined {
    return [...this.#running].find(({ conversationId }) => conversationId === id);
  }

  async #stopAll(isMeant: (answer: RunningAnswer) => boolean): Promise<void> {
    const meant = [...this.#running].filter(isMeant);
    await Promise.all(meant.map((answer) => this.#stopOne(answer)));
  }

  async #stopOne(answer: RunningAnswer): Promise<void> {
    answer.withdraw();
    if (answer.isAsked) {
      const place = this.#placeOf(answer.conversationId, answer.answerId, 'stopped');
      await this.adapter.receive({ type: 'cancelled', ...place });
    }
    await answer.done;
  }

  #placeOf(id: ConversationId, answerId: MessageId, what: string): Place {
    return {
      eventId: `${what} ${randomUUID()}`,
      tenant: this.#tenant,
      conversationKey: `conversation:${id}`,
      messageId: `answer:${answerId}`,
    };
  }

  #ask(id: ConversationId, { signal }: AnswerOptions, prepare: Prepare): AsyncIterable<ChatEvent> {
    const answerId = messageIdSchema.parse(randomUUID());
    const answer = new RunningAnswer(id, answerId, (questionId) =>
      this.#shown(id, questionId, answerId),
    );
    const place = this.#placeOf(id, answerId, 'asked');
    const endListening = this.adapter.listen(place.messageId, (event) => answer.hear(event));
    const onAbort = () => void this.#stopOne(answer).catch((error) => answer.fail(error));
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#running.add(answer);
    void answer.done.then(() => {
      endListening();
      signal?.removeEventListener('abort', onAbort);
      this.#running.delete(answer);
    });
    if (signal?.aborted) answer.withdraw();
    this.#begin(answer, place, prepare).catch((error: unknown) => answer.fail(error));
    return answer.log;
  }

  /** Questions of a conversation are handed to the bot in the order in which they came. */
  async #begin(answer: RunningAnswer, place: Place, prepare: Prepare): Promise<void> {
    await this.#asking.run(answer.conversationId, async () => {
      const { signal } = answer;
      signal.throwIfAborted();
      const asked = await prepare(await this.#load(answer.conversationId), signal);
      signal.throwIfAborted();
      const { pictures = [], ...said } = asked;
      const files = pictures.map(({ bytes, name, url }, index) => ({
        url: url ?? `upload:${index + 1}`,
        bytes,
        ...(name !== undefined && { name }),
      }));
      const attachments = files.map(({ bytes: _, ...attachment }) => attachment);
      const author = { id: somebody, name: somebody };
      const event = { author, postedAtMs: Date.now(), ...said, ...place, attachments };
      answer.isAsked = true;
      const result = await this.adapter.receive({ type: 'message', ...event }, files);
      if (result !== 'accepted') {
        throw new VistazoError('chat.tooLong', 'Too many questions are waiting; try again later.');
      }
    });
  }

  async #shown(id: ConversationId, questionId: MessageId | undefined, answerId: MessageId) {
    const { conversation } = await this.#load(id);
    const show = (messageId: MessageId) => toShown(conversation, conversation.get(messageId));
    const question = questionId === undefined ? undefined : show(questionId);
    return { question, answer: show(answerId) };
  }
}
