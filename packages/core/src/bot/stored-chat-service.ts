import { randomUUID } from 'node:crypto';
import type { AnsweringEvent, ReplyTarget } from '../adapter/adapter.js';
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
import type { ConversationStore, Rating, StoredMessage } from '../store/conversation-store.js';
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
import { isOpenIn, waitingIn } from './open-answers.js';
import { RunningAnswer } from './running-answer.js';
import { toShown, toSummary } from './shown.js';
import { titleFrom } from './title.js';
import { ownAnswerId, ownConversationId } from './turn-ids.js';
import { TurnQueue } from './turn-queue.js';

/** What a call asks the bot to answer. */
type Asked = Pick<PlatformEvent & { type: 'message' }, 'text'> &
  Partial<Pick<PlatformEvent & { type: 'message' }, 'author' | 'postedAtMs' | 'versionOf'>> & {
    pictures?: NewMessage['pictures'];
  };

/** Where an event of the service happens. */
type Place = Pick<PlatformEvent, 'eventId' | 'tenant' | 'conversationKey' | 'messageId'>;

/** Checks what is asked, before anything is stored. Throws. */
type Prepare = (signal: AbortSignal) => Promise<Asked>;

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
    adapter.onUnheard = (target, event) => this.#adopt(target, event);
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
    // Before the conversation, so that a question that is taken meanwhile is not missing from both.
    const open = await this.adapter.openMessages(this.#placeIn(id));
    const loaded = await this.#load(id);
    const isUnderWay = isOpenIn(open);
    const isRunning = ({ status }: StoredMessage) => status === 'running';
    const stray = loaded.conversation.shown.filter((each) => isRunning(each) && !isUnderWay(each));
    const shown = stray.length === 0 ? loaded : await this.#withEnds(id, stray);
    const { record, conversation } = shown;
    const messages = conversation.shown.map((message) => toShown(conversation, message));
    return { ...toSummary(record), messages, waiting: waitingIn(conversation, open ?? []) };
  }

  /** Answers that nobody makes any more, as where another question took their place, have ended where they are. */
  async #withEnds(
    id: ConversationId,
    stray: readonly StoredMessage[],
  ): Promise<LoadedConversation> {
    // They may have come, or ended, since it was looked.
    const open = await this.adapter.openMessages(this.#placeIn(id));
    const isUnderWay = isOpenIn(open);
    const loaded = await this.#load(id);
    const left = new Set(stray.filter((each) => !isUnderWay(each)).map((each) => each.id));
    for (const message of loaded.conversation.shown)
      if (left.has(message.id) && message.status === 'running') message.status = 'stopped';
    return loaded;
  }

  renameConversation(id: ConversationId, title: string): Promise<void> {
    return this.#store.renameConversation(id, title);
  }

  setConsent(id: ConversationId, consent: boolean): Promise<void> {
    return this.#store.setConsent(id, consent ? Date.now() : null);
  }

  async deleteConversation(id: ConversationId): Promise<void> {
    await this.#stopAll((answer) => answer.conversationId === id);
    await this.#cancel(id, () => true);
    await this.#store.deleteConversation(id);
  }

  begin(
    message: NewMessage,
    options: AnswerOptions = {},
  ): { id: ConversationId; events: AsyncIterable<ChatEvent> } {
    const id = conversationIdSchema.parse(randomUUID());
    const prepare: Prepare = async (signal) => {
      const asked = await this.#checked(message, signal);
      signal.throwIfAborted();
      const { systemMessage = null } = this.options;
      const title = titleFrom(message.text);
      await this.#store.createConversation({ ...newConversation(id, systemMessage), title });
      return asked;
    };
    const undo = () => this.#store.deleteConversation(id);
    return { id, events: this.#ask(id, options, prepare, undo).log };
  }

  send(
    id: ConversationId,
    message: NewMessage,
    options: AnswerOptions = {},
  ): AsyncIterable<ChatEvent> {
    return this.#ask(id, options, async (signal) => {
      await this.#load(id);
      return this.#checked(message, signal);
    }).log;
  }

  /** What the bot is asked. Throws where the message cannot be accepted. */
  async #checked(message: NewMessage, signal: AbortSignal): Promise<Asked> {
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
    return this.#ask(id, options, async () => {
      const { conversation } = await this.#load(id);
      const { role, parentId } = conversation.get(answerId);
      if (role !== 'assistant' || parentId === null) {
        throw new VistazoError(
          'option.invalid',
          `Only answers can be regenerated; message ${answerId} is of the ${role}.`,
        );
      }
      return { text: textOf(conversation.get(parentId)), versionOf: answerId };
    }).log;
  }

  edit(
    id: ConversationId,
    messageId: MessageId,
    change: { text: string },
    options: AnswerOptions = {},
  ): AsyncIterable<ChatEvent> {
    return this.#ask(id, options, async () => {
      const { conversation } = await this.#load(id);
      const message = conversation.get(messageId);
      if (message.role !== 'user') {
        throw new VistazoError(
          'option.invalid',
          `Only messages of people can be edited; message ${messageId} is of the ${message.role}.`,
        );
      }
      checkText(change.text, picturesOf(message).length, this.#limits);
      return { text: change.text, versionOf: messageId };
    }).log;
  }

  async show(id: ConversationId, messageId: MessageId): Promise<void> {
    const { conversation } = await this.#load(id);
    await this.#store.show(id, conversation.show(messageId));
  }

  async deleteMessage(id: ConversationId, messageId: MessageId): Promise<void> {
    const { conversation } = await this.#load(id);
    const doomed = new Set(conversation.withDescendants(messageId));
    await this.#stopAll((answer) => doomed.has(answer.answerId));
    await this.#cancel(id, (answerId) => doomed.has(answerId));
    const loaded = await this.#load(id);
    if (!loaded.conversation.has(messageId)) return;
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
    if (running !== undefined) return this.#stopOne(running);
    // It is made by another process, or the bot of an earlier one accepted it.
    const [next] = (await this.adapter.openMessages(this.#placeIn(id))) ?? [];
    const answerId = next && ownAnswerId(next.messageId);
    if (answerId !== undefined) await this.#requestStop(id, answerId);
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
      const result = await this.#requestStop(answer.conversationId, answer.answerId);
      // Nobody makes it any more.
      if (result === 'known') answer.hear({ type: 'ended' });
    }
    await answer.done;
  }

  /** Ends what a new question took the place of (`whileBusy`). */
  async #endReplaced(by: RunningAnswer): Promise<void> {
    const { conversationId: id } = by;
    const others = [...this.#running].filter(
      (each) => each.conversationId === id && each !== by && each.isAsked,
    );
    if (others.length === 0) return;
    const isUnderWay = isOpenIn(await this.adapter.openMessages(this.#placeIn(id)));
    for (const other of others)
      if (!isUnderWay({ id: other.answerId })) other.hear({ type: 'ended' });
  }

  /** Ends answers that an earlier process accepted, or another one makes. */
  async #cancel(id: ConversationId, isMeant: (answerId: MessageId) => boolean): Promise<void> {
    for (const { messageId } of (await this.adapter.openMessages(this.#placeIn(id))) ?? []) {
      const answerId = ownAnswerId(messageId);
      if (answerId !== undefined && isMeant(answerId))
        await this.adapter.receive({
          type: 'deleted',
          ...this.#placeOf(id, answerId, 'deleted'),
        });
    }
  }

  #requestStop(id: ConversationId, answerId: MessageId): ReturnType<ChatAdapter['receive']> {
    const place = this.#placeOf(id, answerId, 'stopped');
    return this.adapter.receive({ type: 'cancelled', ...place });
  }

  #placeIn(id: ConversationId): Pick<Place, 'tenant' | 'conversationKey'> {
    return { tenant: this.#tenant, conversationKey: `conversation:${id}` };
  }

  #placeOf(id: ConversationId, answerId: MessageId, what: string): Place {
    return {
      ...this.#placeIn(id),
      eventId: `${what} ${randomUUID()}`,
      messageId: `answer:${answerId}`,
    };
  }

  #ask(
    id: ConversationId,
    { signal }: AnswerOptions,
    prepare: Prepare,
    undo?: () => Promise<void>,
  ): RunningAnswer {
    const answerId = messageIdSchema.parse(randomUUID());
    const answer = this.#listenTo(id, answerId, undo);
    const onAbort = () => void this.#stopOne(answer).catch((error) => answer.fail(error));
    signal?.addEventListener('abort', onAbort, { once: true });
    void answer.done.then(() => signal?.removeEventListener('abort', onAbort));
    if (signal?.aborted) answer.withdraw();
    const place = this.#placeOf(id, answerId, 'asked');
    this.#hand(answer, place, prepare).catch((error: unknown) => answer.refuse(error));
    return answer;
  }

  #listenTo(id: ConversationId, answerId: MessageId, undo?: () => Promise<void>): RunningAnswer {
    const load = (questionId: MessageId | undefined) => this.#shown(id, questionId, answerId);
    const answer = new RunningAnswer(id, answerId, load, undo);
    const endListening = this.adapter.listen(`answer:${answerId}`, (event) => answer.hear(event));
    this.#running.add(answer);
    void answer.done.then(() => {
      endListening();
      this.#running.delete(answer);
    });
    return answer;
  }

  /** The bot begins with a question that an earlier process accepted, or begins anew. */
  #adopt({ tenant, conversationKey, messageId }: ReplyTarget, event: AnsweringEvent): void {
    const id = ownConversationId(conversationKey);
    const answerId = ownAnswerId(messageId);
    if (event.type !== 'taken' || tenant !== this.#tenant) return;
    if (id === undefined || answerId === undefined) return;
    const answer = this.#listenTo(id, answerId);
    answer.isAsked = true;
    answer.hear(event);
  }

  /** Questions of a conversation are handed to the bot in the order in which they came. */
  async #hand(answer: RunningAnswer, place: Place, prepare: Prepare): Promise<void> {
    await this.#asking.run(answer.conversationId, async () => {
      const { signal } = answer;
      signal.throwIfAborted();
      const asked = await prepare(signal);
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
        throw new VistazoError('chat.busy', 'Too many questions are waiting; try again later.');
      }
      answer.wait();
      await this.#endReplaced(answer);
    });
  }

  async #shown(id: ConversationId, questionId: MessageId | undefined, answerId: MessageId) {
    const { conversation } = await this.#load(id);
    const show = (messageId: MessageId) => toShown(conversation, conversation.get(messageId));
    const question = questionId === undefined ? undefined : show(questionId);
    return { question, answer: show(answerId) };
  }
}
