import type { GenerationEvent } from '../backend/vision-language-model.js';
import type { ContextPlan } from '../conversation/context-plan.js';
import { toVistazoError, VistazoError } from '../errors.js';
import type { AnswerChange, SeenContext } from '../store/conversation-store.js';
import type { ChatEvent } from './chat-service.js';
import { generateWithTools } from './generate-with-tools.js';
import { type PromptRequest, planPrompt } from './plan-prompt.js';
import type { ToolCalls } from './tool-calls.js';

/** How often the growing text of an answer is written to the store. */
const storeEveryMs = 500;

/** What an {@link Answer} is made from. @internal */
export interface AnswerRequest extends PromptRequest {
  /** What the model may do while it answers. */
  tools?: ToolCalls | undefined;
  /** Writes to the store. */
  save: (change: AnswerChange) => Promise<void>;
  emit: (event: Extract<ChatEvent, { type: 'prompt' | 'text' | 'restart' }>) => void;
}

type EndEvent = Extract<GenerationEvent, { type: 'end' }>;

/** How an answer ended; what is left of it is in the store by then. @internal */
export type AnswerEnd =
  | { status: 'done' | 'stopped'; text: string; seen?: SeenContext; end?: EndEvent }
  | { status: 'failed'; text: string; seen?: SeenContext; error: VistazoError };

/** Makes one answer: plans the context, follows the model and keeps the store in step. @internal */
export async function makeAnswer(request: AnswerRequest): Promise<AnswerEnd> {
  const answer = new Answer(request);
  const end = await answer.run();
  try {
    await request.save(toChange(end));
    return end;
  } catch (cause) {
    return { ...end, status: 'failed', error: toVistazoError(cause) };
  }
}

class Answer {
  #text = '';
  #seen: SeenContext | undefined;
  #savedAtMs = performance.now();

  constructor(private readonly request: AnswerRequest) {}

  async run(): Promise<AnswerEnd> {
    try {
      return this.#ended(await this.#follow(await planPrompt(this.request)));
    } catch (cause) {
      // A model may say that it was aborted by throwing.
      if (this.request.signal.aborted) return this.#ended(undefined);
      return { ...this.#soFar(), status: 'failed', error: toVistazoError(cause) };
    }
  }

  async #follow({ messages, leftOut }: ContextPlan): Promise<EndEvent> {
    const { model, generation, signal, resolvePicture, cacheScope, tools } = this.request;
    const options = { ...generation, signal, resolvePicture, cacheScope };
    for await (const event of generateWithTools(model, messages, options, tools)) {
      if (event.type === 'toolCalls') continue;
      if (event.type === 'end') return event;
      if (event.type === 'prompt') {
        const { type: _, ...prompt } = event;
        this.#seen = { ...prompt, leftOut };
        this.request.emit({ ...event, leftOut });
        await this.request.save({ seen: this.#seen });
      } else {
        this.#text = event.type === 'text' ? this.#text + event.text : '';
        this.request.emit(event);
        await this.#saveText();
      }
    }
    throw new VistazoError('internal', 'The model ended without an answer; please ask again.');
  }

  async #saveText(): Promise<void> {
    if (performance.now() - this.#savedAtMs < storeEveryMs) return;
    await this.request.save({ text: this.#text });
    this.#savedAtMs = performance.now();
  }

  #ended(end: EndEvent | undefined): AnswerEnd {
    const stopped = end === undefined || end.finishReason === 'aborted';
    if (end !== undefined) {
      const { finishReason, usage, timings } = end;
      this.#text = end.text;
      if (this.#seen !== undefined) this.#seen = { ...this.#seen, finishReason, usage, timings };
    }
    return {
      ...this.#soFar(),
      status: stopped ? 'stopped' : 'done',
      ...(end !== undefined && { end }),
    };
  }

  #soFar(): { text: string; seen?: SeenContext } {
    return { text: this.#text, ...(this.#seen !== undefined && { seen: this.#seen }) };
  }
}

function toChange(end: AnswerEnd): AnswerChange {
  return {
    status: end.status,
    text: end.text,
    ...(end.seen !== undefined && { seen: end.seen }),
    ...(end.status === 'failed' && { error: end.error.toJSON() }),
  };
}
