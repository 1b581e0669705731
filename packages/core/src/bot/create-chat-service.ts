import { randomUUID } from 'node:crypto';
import type { ModelInfo, VisionLanguageModel } from '../backend/vision-language-model.js';
import type { ImageId } from '../conversation/chat-message.js';
import type { Conversation } from '../conversation/conversation.js';
import {
  type ConversationId,
  conversationIdSchema,
  type MessageId,
  picturesOf,
  textOf,
} from '../conversation/message.js';
import { toVistazoError, VistazoError } from '../errors.js';
import type { GenerationOptions } from '../generation/generation-options.js';
import { MediaProcess } from '../media/media-process.js';
import { defaultPictureLimits } from '../media/picture-limits.js';
import type {
  ConversationStore,
  PictureRecord,
  Rating,
  StoredMessage,
} from '../store/conversation-store.js';
import { type AnswerEnd, makeAnswer } from './answer.js';
import type {
  AnswerOptions,
  ChatEvent,
  ChatService,
  ConversationSummary,
  NewMessage,
  ShownConversation,
} from './chat-service.js';
import { EventLog } from './event-log.js';
import { type LoadedConversation, loadConversation } from './load-conversation.js';
import {
  checkMessage,
  checkPictures,
  checkText,
  type MessageLimits,
  type PictureNormaliser,
} from './new-pictures.js';
import { emptyAnswer, newConversation, newQuestion } from './new-records.js';
import { toShown, toSummary } from './shown.js';
import { titleFrom } from './title.js';
import { TurnQueue, withdrawn } from './turn-queue.js';
import { promptMessages } from './useful-messages.js';

/** Options of {@link createChatService}. */
export interface ChatServiceOptions {
  /** Answers. */
  model: VisionLanguageModel;
  store: ConversationStore;
  /** Checks pictures. Default: a media process of its own, which `close` ends. */
  media?: PictureNormaliser;
  /** Of new conversations. Default none. */
  systemMessage?: string;
  /** How answers are generated. Default: as the model says. */
  generation?: GenerationOptions;
  /** Most bytes of a picture as it comes in. Default 25 MiB. */
  maxPictureBytes?: number;
  /** Most pictures of one message. Default 10. */
  maxPictures?: number;
  /** Most characters (UTF-16 units) of one message. Default 100,000. */
  maxTextLength?: number;
}

/** Composes a model and a store into the service that an adapter drives. */
export async function createChatService(options: ChatServiceOptions): Promise<ChatService> {
  if (options.media !== undefined) return new StoredChatService(options, options.media);
  const media = new MediaProcess();
  return new StoredChatService(options, media, () => media.close());
}

/** An answer on its way: from the call until its last event. */
interface Running {
  log: EventLog<ChatEvent>;
  stop: AbortController;
  done: Promise<void>;
}

/** The stored beginning of an answer. */
interface Accepted extends LoadedConversation {
  question?: StoredMessage;
  answer: StoredMessage;
}

type Accept = (loaded: LoadedConversation, signal: AbortSignal) => Promise<Accepted>;

class StoredChatService implements ChatService {
  readonly #model: VisionLanguageModel;
  readonly #store: ConversationStore;
  readonly #limits: MessageLimits;
  readonly #queue = new TurnQueue();
  readonly #current = new Map<ConversationId, Running>();
  readonly #all = new Set<Running>();

  constructor(
    private readonly options: ChatServiceOptions,
    private readonly media: PictureNormaliser,
    private readonly closeMedia: () => Promise<void> = async () => {},
  ) {
    this.#model = options.model;
    this.#store = options.store;
    this.#limits = {
      maxPictures: options.maxPictures ?? 10,
      maxPictureBytes: options.maxPictureBytes ?? defaultPictureLimits.maxBytes,
      maxTextLength: options.maxTextLength ?? 100_000,
    };
  }

  get model(): ModelInfo {
    return this.#model.info;
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
    await this.stop(id);
    await this.#queue.run(id, () => this.#store.deleteConversation(id));
  }

  send(
    id: ConversationId,
    message: NewMessage,
    options: AnswerOptions = {},
  ): AsyncIterable<ChatEvent> {
    return this.#start(id, options, (loaded, signal) => this.#acceptNew(loaded, message, signal));
  }

  regenerate(
    id: ConversationId,
    answerId: MessageId,
    options: AnswerOptions = {},
  ): AsyncIterable<ChatEvent> {
    return this.#start(id, options, async (loaded) => {
      const answer = loaded.conversation.regenerate(answerId, emptyAnswer);
      await this.#store.add(id, { pictures: [], messages: [answer], shownLeaf: answer.id });
      return { ...loaded, answer };
    });
  }

  edit(
    id: ConversationId,
    messageId: MessageId,
    change: { text: string },
    options: AnswerOptions = {},
  ): AsyncIterable<ChatEvent> {
    return this.#start(id, options, async (loaded) => {
      const pictures = picturesOf(loaded.conversation.get(messageId));
      checkText(change.text, pictures.length, this.#limits);
      const question = loaded.conversation.edit(messageId, (place) =>
        newQuestion(place, pictures, change.text),
      );
      return this.#acceptQuestion(loaded, question, []);
    });
  }

  async show(id: ConversationId, messageId: MessageId): Promise<void> {
    const { conversation } = await this.#load(id);
    await this.#store.show(id, conversation.show(messageId));
  }

  async deleteMessage(id: ConversationId, messageId: MessageId): Promise<void> {
    const { conversation } = await this.#load(id);
    const doomed = conversation.withDescendants(messageId);
    if (doomed.some((each) => conversation.get(each).status === 'running')) await this.stop(id);
    await this.#queue.run(id, async () => {
      const loaded = await this.#load(id);
      const messages = loaded.conversation.delete(messageId);
      await this.#store.remove(id, { messages, shownLeaf: loaded.conversation.shownLeaf });
    });
  }

  async rate(id: ConversationId, messageId: MessageId, rating: Rating | null): Promise<void> {
    const { conversation } = await this.#load(id);
    if (conversation.get(messageId).role !== 'assistant') {
      throw new VistazoError('option.invalid', 'Only answers can be rated.');
    }
    await this.#store.rate(id, messageId, rating);
  }

  async stop(id: ConversationId): Promise<void> {
    const running = this.#current.get(id);
    running?.stop.abort();
    await running?.done;
  }

  follow(id: ConversationId): AsyncIterable<ChatEvent> | undefined {
    return this.#current.get(id)?.log;
  }

  async picture(id: ImageId): Promise<{ bytes: Uint8Array; mediaType: string }> {
    const { bytes, mediaType } = await this.#store.picture(id);
    return { bytes, mediaType };
  }

  async close(): Promise<void> {
    const all = [...this.#all];
    for (const { stop } of all) stop.abort();
    await Promise.all(all.map(({ done }) => done));
    await this.closeMedia();
  }

  #load(id: ConversationId): Promise<LoadedConversation> {
    return loadConversation(this.#store, id);
  }

  #start(id: ConversationId, options: AnswerOptions, accept: Accept): AsyncIterable<ChatEvent> {
    const stop = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
    const log = new EventLog<ChatEvent>();
    const { promise: done, resolve: finish } = Promise.withResolvers<void>();
    const running = { log, stop, done };
    const work = async () => {
      this.#current.set(id, running);
      try {
        await this.#answer(await accept(await this.#load(id), signal), options, signal, log);
      } finally {
        this.#current.delete(id);
      }
    };
    this.#all.add(running);
    this.#queue
      .run(id, work, signal)
      .then(() => log.end())
      .catch((error) => log.fail(signal.aborted ? withdrawn(error) : toVistazoError(error)))
      .finally(() => {
        this.#all.delete(running);
        finish();
      });
    return log;
  }

  async #acceptNew(
    loaded: LoadedConversation,
    message: NewMessage,
    signal: AbortSignal,
  ): Promise<Accepted> {
    checkMessage(message, this.#limits);
    this.#checkCapabilities(message);
    const checked = await checkPictures(this.media, message, signal);
    const pictures = checked.map(({ part }) => part);
    const question = loaded.conversation.append((place) =>
      newQuestion(place, pictures, message.text),
    );
    return this.#acceptQuestion(
      loaded,
      question,
      checked.map(({ record }) => record),
    );
  }

  #checkCapabilities({ pictures = [] }: NewMessage): void {
    if (pictures.length === 0 || this.model.capabilities.images) return;
    throw new VistazoError(
      'option.unsupported',
      `The model ${this.model.id} takes no pictures; send text alone or choose another model.`,
    );
  }

  async #acceptQuestion(
    loaded: LoadedConversation,
    question: StoredMessage,
    pictures: PictureRecord[],
  ): Promise<Accepted> {
    const { record, conversation } = loaded;
    const answer = conversation.append(emptyAnswer);
    await this.#store.add(record.id, {
      pictures,
      messages: [question, answer],
      shownLeaf: answer.id,
      ...(record.title === '' && { title: titleFrom(textOf(question)) }),
    });
    return { ...loaded, question, answer };
  }

  async #answer(
    accepted: Accepted,
    options: AnswerOptions,
    signal: AbortSignal,
    log: EventLog<ChatEvent>,
  ): Promise<void> {
    const { record, conversation, question, answer } = accepted;
    log.push({
      type: 'accepted',
      conversationId: record.id,
      ...(question !== undefined && { question: toShown(conversation, question) }),
      answer: toShown(conversation, answer),
    });
    const end = await makeAnswer({
      model: this.#model,
      systemMessage: record.systemMessage,
      messages: promptMessages(conversation, answer.id),
      generation: { ...this.options.generation, ...options.generation },
      signal,
      resolvePicture: (id) => this.#store.pictureBytes(id),
      save: (change) => this.#store.changeAnswer(record.id, answer.id, change),
      emit: (event) => log.push(event),
    });
    log.push(lastEvent(conversation, answer, end));
  }
}

function lastEvent(
  conversation: Conversation<StoredMessage>,
  answer: StoredMessage,
  end: AnswerEnd,
): ChatEvent {
  const { status, text, seen } = end;
  const stored: StoredMessage = {
    ...answer,
    status,
    parts: [{ type: 'text', text }],
    ...(seen !== undefined && { seen }),
  };
  if (end.status === 'failed') {
    const error = end.error.toJSON();
    return { type: 'failed', error, answer: toShown(conversation, { ...stored, error }) };
  }
  return {
    type: 'end',
    answer: toShown(conversation, stored),
    finishReason: end.end?.finishReason ?? 'aborted',
    text,
    ...(end.end !== undefined && { usage: end.end.usage, timings: end.end.timings }),
  };
}
