import type { Adapter, AnsweringEvent, ReplyTarget } from '../adapter/adapter.js';
import type { ReplyAction } from '../adapter/reply-action.js';
import type { VisionLanguageModel } from '../backend/vision-language-model.js';
import { hasFence } from '../conversation/fence.js';
import {
  type ConversationId,
  type Message,
  type MessageId,
  picturesOf,
  textOf,
} from '../conversation/message.js';
import { pictureRule } from '../conversation/picture-labels.js';
import { VistazoError } from '../errors.js';
import type { GenerationOptions } from '../generation/generation-options.js';
import type { PluginHost } from '../plugin/plugin-host.js';
import type { SharedMessage } from '../plugin/plugin-message.js';
import { harmlessText, type LinkPolicy, linksIn } from '../reply/harmless-text.js';
import type { AnswerChange } from '../store/conversation-store.js';
import type { AcceptOptions, HeldJob, Job, Post } from '../store/job-store.js';
import type { Store } from '../store/store.js';
import { codeOf } from '../telemetry/fault.js';
import type { TurnTelemetry } from '../telemetry/turn-telemetry.js';
import { type AnswerRequest, makeAnswer } from './answer.js';
import { cacheScopeOf } from './cache-scope.js';
import { normaliserIn } from './cached-normaliser.js';
import { deliveryFailure } from './delivery-bounds.js';
import { GrowingText } from './growing-text.js';
import { MeteredModel } from './metered-model.js';
import type { MessageLimits, PictureNormaliser } from './new-pictures.js';
import { offeredActions } from './offered-actions.js';
import { pictureLine } from './picture-line.js';
import { pluginView } from './plugin-view.js';
import type { Prefetcher } from './prefetcher.js';
import { ReplyWriter } from './reply-writer.js';
import {
  isForPerson,
  refusedByPlatform,
  sentenceFor,
  stoppedByPerson,
  unanswered,
} from './sentences.js';
import { keepUnasked, type TakenQuestion, takeQuestion } from './take-question.js';
import { ToolCalls, type ToolRules } from './tool-calls.js';
import { conversationIdOf, messageKeyOf, turnIds } from './turn-ids.js';
import { promptMessages } from './useful-messages.js';

/**
 * After so many attempts to answer, a person is told that it failed. Every death of the process counts,
 * for all that it was about, so that it is many.
 */
const maxAttempts = 25;

/** What turns are made with. @internal */
export interface TurnOptions {
  model: VisionLanguageModel;
  store: Store;
  media: PictureNormaliser;
  prefetcher: Prefetcher;
  /** Of new conversations. */
  systemMessage: string | null;
  generation: GenerationOptions;
  links: LinkPolicy;
  /** What the model may do with the tools of plugins; undefined for nothing. */
  tools: ToolRules | undefined;
  /** Said to the model where it sees pictures or fenced text; null for nothing. */
  dataRule: string | null;
  /** Whether answers shall say which of several pictures they speak of. */
  namePictures: boolean;
  plugins: PluginHost;
  limits: MessageLimits & { modelMsPerHour: NonNullable<AcceptOptions['modelMsPerHour']> };
}

/**
 * Answers one message: takes it into its conversation, lets the model answer, and posts the answer.
 * Every step that was done by an earlier attempt is found and not done again. Throws what the
 * platform or the store throws, and `job.lost`; then the job stays open. @internal
 */
export async function takeTurn(
  job: Job,
  adapter: Adapter,
  given: TurnOptions,
  telemetry: TurnTelemetry,
  signal: AbortSignal,
  stopped: AbortSignal,
): Promise<void> {
  const model = new MeteredModel(given.model);
  const media = normaliserIn(given.media, cacheScopeOf(messageKeyOf(job)));
  const options = { ...given, model, media };
  const { jobs } = options.store;
  const writer = new ReplyWriter(adapter, jobs, job, telemetry, signal);
  const turn = new Turn(job, adapter, options, writer, telemetry, signal, stopped);
  try {
    const whole = wholeReplies(job);
    if (whole === undefined && writer.postedCount === 0) adapter.requireToPost?.(turn.target);
    const texts = whole ?? (await turn.answer());
    await writer.end();
    const lastPost = await turn.deliver(texts);
    const { modelMsPerHour } = options.limits;
    await jobs.end(job, { lastPost, modelMs: model.workedMs, modelMsPerHour });
    turn.tell({ type: 'ended' });
  } finally {
    await writer.end();
  }
}

/** What an earlier attempt left to be posted. */
function wholeReplies({ replies }: Job): string[] | undefined {
  const texts = replies.flatMap(({ text }) => text ?? []);
  return replies.length > 0 && texts.length === replies.length ? texts : undefined;
}

class Turn {
  readonly #conversationId: ConversationId;
  /** What each message of the answer says, once that is in the store; an empty one is taken away. */
  #texts: string[] | undefined;
  /** What people can press below the answer. */
  actions: readonly ReplyAction[];
  /** Addresses that people wrote in the conversation. */
  #knownLinks: ReadonlySet<string> = new Set();

  constructor(
    private readonly job: Job,
    private readonly adapter: Adapter,
    private readonly options: TurnOptions,
    private readonly writer: ReplyWriter,
    private readonly telemetry: TurnTelemetry,
    private readonly signal: AbortSignal,
    private readonly stopped: AbortSignal,
  ) {
    this.#conversationId = conversationIdOf(messageKeyOf(job));
    this.actions = job.replies.flatMap((reply) => reply.actions ?? []);
  }

  /** What each message of the answer says. */
  async answer(): Promise<string[]> {
    this.actions = [];
    if (this.job.attempts > maxAttempts)
      return this.#fail({ code: 'internal', message: unanswered });
    this.writer.showWorking();
    try {
      const { adapter, telemetry, signal } = this;
      await this.options.model.refreshInfo?.({ signal });
      const { images } = this.options.model.info.capabilities;
      const taken = await telemetry.question(() =>
        takeQuestion(this.job, { ...this.options, adapter, images, telemetry, signal }),
      );
      if ('answerId' in taken) {
        this.#tellTaken(taken);
        return await this.#ask(taken);
      }
      const code = images ? 'picture.missing' : 'option.unsupported';
      return await this.#refuse({ code, message: taken.notes.join('\n') });
    } catch (error) {
      this.signal.throwIfAborted();
      if (!isForPerson(error)) throw error;
      this.telemetry.messageRefused(error);
      return this.#refuse(error);
    }
  }

  /** Says why nothing is asked of the model. People who see only what is stored see their question too. */
  async #refuse(error: Pick<VistazoError, 'code' | 'message'>): Promise<string[]> {
    if (this.adapter.capabilities.readsStore) {
      const taken = await keepUnasked(this.job, { ...this.options, signal: this.signal });
      if (taken !== undefined) this.#tellTaken(taken);
    }
    return this.#fail(error);
  }

  /**
   * Posts the answer; where the platform refuses it for good, a sentence in its place. Throws `platform.refused` where
   * that is refused too, or the answer was tried too often.
   */
  async deliver(texts: readonly string[]): Promise<Post | undefined> {
    const { job, writer, signal } = this;
    const { jobs } = this.options.store;
    try {
      const pictures = job.isAnnouncement ? await jobs.picturesToPost(job) : [];
      return await writer.deliver(texts, this.actions, pictures);
    } catch (error) {
      signal.throwIfAborted();
      const isNews = !job.isAnnouncement && !texts.includes(refusedByPlatform);
      if (codeOf(error) !== 'platform.refused' || !isNews) throw deliveryFailure(job, error);
      this.telemetry.answerRefused(error);
    }
    try {
      return await writer.deliver(await this.#takeBack(texts));
    } catch (error) {
      signal.throwIfAborted();
      throw deliveryFailure(job, error);
    }
  }

  /** What is said in place of what the platform refused. What nobody saw is no answer for models either. */
  #takeBack(texts: readonly string[]): Promise<string[]> {
    const { writer } = this;
    const said = [...texts.slice(0, writer.deliveredCount), refusedByPlatform];
    const surplus = Math.max(0, writer.postedCount - said.length);
    const settled = [...said, ...Array<string>(surplus).fill('')];
    const error = { code: 'platform.refused', message: refusedByPlatform } as const;
    return this.#holding(async ({ conversations, setReplies }) => {
      await this.#markFailed(conversations, error);
      await setReplies(settled);
      return settled;
    });
  }

  /** An answer that will not be made is not left as one that is. */
  async #markFailed(
    conversations: HeldJob['conversations'],
    error: NonNullable<AnswerChange['error']>,
  ): Promise<void> {
    const { answerId } = turnIds(messageKeyOf(this.job), this.job.revision);
    await conversations
      .changeAnswer(this.#conversationId, answerId, { status: 'failed', error })
      .catch((cause: unknown) => {
        // The bot said something that belongs to no conversation.
        if (codeOf(cause) !== 'store.notFound') throw cause;
      });
  }

  /** For adapters that show more than posts. */
  tell(event: AnsweringEvent): void {
    this.adapter.answering?.(this.target, event);
  }

  get target(): ReplyTarget {
    const { event: message, isAnnouncement } = this.job;
    const { tenant, conversationKey, messageId } = message;
    return { tenant, conversationKey, messageId, ...(isAnnouncement && { isAnnouncement }) };
  }

  #tellTaken({ questionId, answerId }: TakenQuestion): void {
    this.tell({ type: 'taken', answerId, ...(questionId !== undefined && { questionId }) });
  }

  /** Says why there is no answer, in its place. */
  #fail({ code, message }: Pick<VistazoError, 'code' | 'message'>): Promise<string[]> {
    this.actions = [];
    return this.#holding(async ({ conversations, setReplies }) => {
      await this.#markFailed(conversations, { code, message });
      return this.#settle(message, setReplies);
    });
  }

  async #ask(taken: TakenQuestion): Promise<string[]> {
    const { conversation, answerId, systemMessage } = taken;
    const { model, store, generation, dataRule, namePictures } = this.options;
    const pictures = store.forTenant(this.job.event.tenant);
    const { reply, instructions, prompts, tools } = await this.telemetry.plugins(() =>
      this.#askPlugins(this.#viewOf(taken), answerId),
    );
    if (reply !== undefined) {
      this.telemetry.answeredByPlugin();
      // A plugin is the operator's; its links are meant.
      this.#knownLinks = linksIn([reply.text]);
      const { actions, lines } = offeredActions(this.adapter.capabilities, reply.actions);
      this.actions = actions;
      await this.#save(taken, { status: 'done', text: [reply.text, ...lines].join('\n\n') });
      return this.#wholeTexts();
    }
    const messages = promptMessages(conversation, answerId);
    const said = messages.filter(({ role }) => role === 'user').map(textOf);
    this.#knownLinks = linksIn([...said, systemMessage ?? '']);
    let soFar = '';
    const growing = new GrowingText((text) => {
      const harmless = this.#harmless(text);
      this.tell({ type: 'text', text: harmless });
      this.writer.grow(harmless);
    });
    const request: AnswerRequest = {
      model,
      systemMessage:
        [systemMessage ?? [], this.#ruleFor(messages), prompts, instructions].flat().join('\n\n') ||
        null,
      messages,
      pictureRule: namePictures && dataRule !== null ? pictureRule : null,
      generation,
      tools,
      signal: AbortSignal.any([this.signal, this.stopped]),
      resolvePicture: (id) => pictures.pictureBytes(id),
      cacheScope: cacheScopeOf(messageKeyOf(this.job)),
      save: (change) => {
        if (change.status !== undefined) growing.flush();
        return this.#save(taken, change);
      },
      emit: (event) => {
        if (event.type === 'prompt') return this.tell(event);
        if (event.type === 'text') this.telemetry.textCame();
        soFar = event.type === 'text' ? soFar + event.text : '';
        growing.set(soFar);
      },
    };
    const end = await this.telemetry.generate({ model: model.info.id, ...generation }, () =>
      makeAnswer(request),
    );
    // What the model said could not be stored.
    if (this.#texts === undefined && end.status === 'failed') throw end.error;
    return this.#wholeTexts();
  }

  /** A job that was not lost meanwhile has them by now. */
  #wholeTexts(): string[] {
    if (this.#texts !== undefined) return this.#texts;
    throw this.signal.reason;
  }

  /** A reply in place of the model, or what that is told and may call. */
  async #askPlugins(view: SharedMessage, answerId: MessageId) {
    const { plugins } = this.options;
    const said = await plugins.message(view);
    if (said.reply !== undefined) return { ...said, prompts: [], tools: undefined };
    const prompts = await plugins.prompts(view);
    return { ...said, prompts, tools: await this.#toolsFor(view, answerId) };
  }

  /** Undefined where there are none, the model can call none, or none is allowed. */
  async #toolsFor(view: SharedMessage, answerId: MessageId): Promise<ToolCalls | undefined> {
    const { model, plugins, tools: rules } = this.options;
    if (rules === undefined || !model.info.capabilities.tools) return undefined;
    const calls = new ToolCalls(await plugins.tools(view), plugins, view, rules, answerId);
    return calls.offered.length === 0 ? undefined : calls;
  }

  /** Where there is anything that is no instruction though it may read like one. */
  #ruleFor(messages: readonly Message[]): string[] {
    const { dataRule } = this.options;
    const isNeeded = messages.some(
      (message) => picturesOf(message).length > 0 || hasFence(textOf(message)),
    );
    return isNeeded && dataRule !== null ? [dataRule] : [];
  }

  #viewOf({ conversation, answerId }: TakenQuestion): SharedMessage {
    const { job, adapter, signal } = this;
    const { model, media, store } = this.options;
    const inTenant = store.forTenant(job.event.tenant);
    return pluginView({
      job,
      adapter,
      model,
      media,
      store: inTenant,
      conversation,
      answerId,
      signal,
    });
  }

  /** Writes how far the answer is; when it has ended, also what is posted, in the same transaction. */
  async #save(taken: TakenQuestion, change: AnswerChange): Promise<void> {
    // What it saw alone is not worth a write; it comes with the first text or the end.
    if (change.text === undefined && change.status === undefined) return;
    const isAnswer = change.status === 'done' && change.text !== undefined;
    const text = isAnswer
      ? await this.telemetry.plugins(() =>
          this.options.plugins.answer(this.#viewOf(taken), change.text ?? ''),
        )
      : change.text;
    return this.#holding(async ({ conversations, setReplies }) => {
      const stored = {
        ...change,
        ...(text !== undefined && { text: this.#kept(text, taken, change) }),
        ...(change.seen !== undefined &&
          taken.notes.length > 0 && { seen: { ...change.seen, notes: taken.notes } }),
      };
      await conversations.changeAnswer(this.#conversationId, taken.answerId, stored);
      if (change.status === undefined) return;
      // The next attempt may find the store well again.
      if (change.error?.code.startsWith('store.')) throw VistazoError.fromJSON(change.error);
      const said = change.error === undefined ? text?.trim() : sentenceFor(change.error);
      const nothing = change.status === 'stopped' ? stoppedByPerson : unanswered;
      const paragraphs = [said || nothing, ...taken.notes, ...this.#pictureLine(taken, change)];
      this.#texts = await this.#settle(paragraphs.join('\n\n'), setReplies);
    });
  }

  /** Only posted: what a model is told that it said is without it. */
  #pictureLine(
    { conversation, answerId }: TakenQuestion,
    { seen, status }: AnswerChange,
  ): string[] {
    if (!this.options.namePictures || seen === undefined || status !== 'done') return [];
    const messages = promptMessages(conversation, answerId);
    const asker = { adapter: this.job.adapter, id: this.job.event.author.id };
    return pictureLine({ messages, leftOut: seen.leftOut, asker });
  }

  /** What is kept is what people see; where they see only that, with the notes. */
  #kept(text: string, { notes }: TakenQuestion, { status }: AnswerChange): string {
    const isShown = this.adapter.capabilities.readsStore && status !== undefined;
    return this.#harmless(isShown ? [text, ...notes].join('\n\n') : text);
  }

  /** With an empty text for each message that an earlier attempt posted and this answer has no use for. */
  async #settle(said: string, setReplies: HeldJob['setReplies']): Promise<string[]> {
    const texts = this.writer.split(this.#harmless(said));
    const surplus = Math.max(0, this.writer.postedCount - texts.length);
    const settled = [...texts, ...Array<string>(surplus).fill('')];
    await setReplies(settled, this.actions);
    return settled;
  }

  #harmless(text: string): string {
    return harmlessText(text, this.options.links, this.#knownLinks);
  }

  #holding<Result>(work: (held: HeldJob) => Promise<Result>): Promise<Result> {
    this.signal.throwIfAborted();
    return this.options.store.jobs.holding(this.job, work);
  }
}
