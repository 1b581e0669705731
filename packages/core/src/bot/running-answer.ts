import type { AnsweringEvent } from '../adapter/adapter.js';
import type { ConversationId, MessageId } from '../conversation/message.js';
import { toVistazoError, VistazoError } from '../errors.js';
import type { ChatEvent, ShownMessage } from './chat-service.js';
import { EventLog } from './event-log.js';

/** A question and its answer as they are stored. */
interface Shown {
  question: ShownMessage | undefined;
  answer: ShownMessage;
}

/** An answer from the call that asks for it until its last event. @internal */
export class RunningAnswer {
  readonly log = new EventLog<ChatEvent>();
  /** Whether the bot has the question. */
  isAsked = false;
  readonly #done = Promise.withResolvers<void>();
  readonly #withdrawn = new AbortController();
  #isTaken = false;
  #hasEnded = false;
  /** What readers of the log have of the text. */
  #text = '';
  /** What happens is told in order, though some of it is read from the store first. */
  #telling = Promise.resolve();

  constructor(
    readonly conversationId: ConversationId,
    readonly answerId: MessageId,
    private readonly load: (questionId: MessageId | undefined) => Promise<Shown>,
    /** Takes back what was done for a message that is not accepted after all. */
    private readonly undo: () => Promise<void> = async () => {},
  ) {}

  /** Resolves after the last event. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** Aborted when it is not wanted any more. */
  get signal(): AbortSignal {
    return this.#withdrawn.signal;
  }

  /** The bot has the question and did not begin with it yet. */
  wait(): void {
    const { conversationId } = this;
    if (!this.#isTaken) this.log.push({ type: 'waiting', conversationId });
  }

  withdraw(): void {
    this.#withdrawn.abort();
  }

  hear(event: AnsweringEvent): void {
    this.#telling = this.#telling.then(() => this.#tell(event)).catch((error) => this.fail(error));
  }

  /** The message is not accepted. */
  async refuse(error: unknown): Promise<void> {
    // What cannot be taken back is there to be deleted by hand.
    await this.undo().catch(() => {});
    this.fail(error);
  }

  fail(error: unknown): void {
    this.log.fail(this.signal.aborted ? withdrawn(error) : toVistazoError(error));
    this.#done.resolve();
  }

  async #tell(event: AnsweringEvent): Promise<void> {
    if (event.type === 'taken') await this.#tellTaken(event.questionId);
    else if (event.type === 'prompt') this.log.push(event);
    else if (event.type === 'text') this.#tellText(event.text);
    else if (!this.#hasEnded) await this.#tellEnd();
  }

  /** A second time when it is tried again, as after a failure of the store. */
  async #tellTaken(questionId: MessageId | undefined): Promise<void> {
    if (this.#isTaken) return this.#tellText('');
    const { conversationId } = this;
    const { question, answer } = await this.load(questionId);
    this.#isTaken = true;
    this.log.push({
      type: 'accepted',
      conversationId,
      ...(question !== undefined && { question }),
      answer: { ...answer, status: 'running', text: '' },
    });
  }

  #tellText(text: string): void {
    const isLonger = text.startsWith(this.#text);
    if (!isLonger) this.log.push({ type: 'restart' });
    const added = isLonger ? text.slice(this.#text.length) : text;
    this.#text = text;
    if (added !== '') this.log.push({ type: 'text', text: added });
  }

  async #tellEnd(): Promise<void> {
    this.#hasEnded = true;
    if (!this.#isTaken) return this.refuse(withdrawn());
    const { answer } = await this.load(undefined);
    const { error, text, seen } = answer;
    if (error !== undefined && answer.status === 'failed') {
      this.log.push({ type: 'failed', error, answer });
    } else {
      const { finishReason = 'aborted', usage, timings } = seen ?? {};
      const measured = { ...(usage && { usage }), ...(timings && { timings }) };
      this.log.push({ type: 'end', answer, finishReason, text, ...measured });
    }
    this.log.end();
    this.#done.resolve();
  }
}

/** The message was stopped before it was accepted. */
function withdrawn(cause?: unknown): VistazoError {
  const sentence = 'The message was stopped before it was accepted; send it again.';
  return new VistazoError('generation.aborted', sentence, { cause });
}
