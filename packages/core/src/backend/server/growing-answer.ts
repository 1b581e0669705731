import type {
  FinishReason,
  GenerationEvent,
  SeenPicture,
} from '../../generation/generation-event.js';
import type { ToolCall } from '../../generation/tool-use.js';
import type { TokenCount } from '../vision-language-model.js';
import type { CompletionPiece } from './completion-chunk.js';
import { GrowingCalls } from './growing-calls.js';
import { ServerFailure } from './server-failure.js';
import { StopFilter } from './stop-filter.js';
import { ThoughtFilter } from './thought-filter.js';

type EndEvent = Extract<GenerationEvent, { type: 'end' }>;

/** What {@link GrowingAnswer} needs. @internal */
export interface AnswerAsked {
  maxNewTokens: number;
  /** Names of the tools that may be called; undefined for none. */
  tools: readonly string[] | undefined;
  stopStrings: readonly string[];
}

/** No text of so many tokens is longer: few tokens have more characters, and only some of a text are such. */
const maxCharactersPerToken = 32;
/** For answers of few tokens, each of which may be a long one. */
const spareCharacters = 1024;
/** Of English text; where a server counts no tokens. */
const bytesPerToken = 4;

/** What has come of an answer so far. @internal */
export class GrowingAnswer {
  finishReason: FinishReason | undefined;
  /** Whether nothing more is taken, though the server goes on. */
  isFull = false;
  #text = '';
  #calls: GrowingCalls;
  #stops: StopFilter;
  #thoughts = new ThoughtFilter();
  #pieces = 0;
  #usage = { promptTokens: 0, imageTokens: 0, reusedTokens: 0 };
  #answerTokens: number | undefined;
  readonly #asked: AnswerAsked;
  readonly #startedAt = performance.now();
  #askedAt = Number.NaN;
  #firstTextAt = Number.NaN;

  constructor(asked: AnswerAsked) {
    this.#asked = asked;
    this.#calls = new GrowingCalls(asked.tools);
    this.#stops = new StopFilter(asked.stopStrings);
  }

  begin({ totalTokens, messageImageTokens }: TokenCount, pictures: SeenPicture[]): GenerationEvent {
    this.#askedAt = performance.now();
    this.#usage.promptTokens = totalTokens;
    this.#usage.imageTokens = messageImageTokens.reduce((sum, tokens) => sum + tokens, 0);
    const { promptTokens, imageTokens } = this.#usage;
    return { type: 'prompt', pictures, promptTokens, imageTokens };
  }

  *take(piece: CompletionPiece): Generator<GenerationEvent> {
    if (piece.type === 'text') {
      yield* this.#add(this.#stops.push(this.#thoughts.push(piece.text)));
      if (this.#stops.hasStopped) this.#cutOff('stopString');
    } else if (piece.type === 'usage') {
      const { type: _, answerTokens, ...counted } = piece;
      this.#usage = { ...this.#usage, ...counted };
      this.#answerTokens = answerTokens ?? this.#answerTokens;
    } else if (piece.type === 'toolCall') {
      if (this.#asked.tools !== undefined) this.#calls.add(piece);
    } else {
      yield* this.#add(this.#stops.push(this.#thoughts.end()));
      if (this.#stops.hasStopped) return this.#cutOff('stopString');
      yield* this.#add(this.#stops.end());
      if (piece.type === 'finish') this.#finish(piece.reason);
      // Some servers give no reason.
      else if (this.hasBegun) this.finishReason ??= this.#endReason;
    }
  }

  /** Text as far as the length that was asked for allows; a server that goes on does not hold to it. */
  *#add(given: string): Generator<GenerationEvent> {
    const maxLength = maxCharactersPerToken * this.#asked.maxNewTokens + spareCharacters;
    const left = maxLength - this.#text.length;
    const text =
      given.length <= left ? given : given.slice(0, left).replace(/[\uD800-\uDBFF]$/, '');
    if (text !== given) this.#cutOff('length');
    if (text === '') return;
    if (Number.isNaN(this.#firstTextAt)) this.#firstTextAt = performance.now();
    this.#text += text;
    this.#pieces += 1;
    yield { type: 'text', text };
  }

  #cutOff(reason: FinishReason): void {
    this.finishReason = reason;
    this.isFull = true;
  }

  #finish(given: string): void {
    const reason = given.toLowerCase();
    if (filteredReasons.has(reason)) throw new ServerFailure('filtered');
    if (faultReasons.has(reason)) throw new ServerFailure('fault');
    this.finishReason = lengthReasons.has(reason) ? 'length' : this.#endReason;
  }

  /** Servers that say `stop` after calls mean the same as those that say `tool_calls`. */
  get #endReason(): FinishReason {
    return this.#calls.length > 0 ? 'toolCalls' : 'endToken';
  }

  /** Only those that are whole. */
  get calls(): ToolCall[] {
    return this.finishReason === 'toolCalls' ? this.#calls.whole() : [];
  }

  get hasBegun(): boolean {
    return this.#text !== '' || this.#calls.length > 0;
  }

  /** Whether the server said that the answer has ended; what comes then is only bookkeeping. */
  get isWhole(): boolean {
    return this.finishReason !== undefined;
  }

  /** Whether text was forgotten. */
  forget(): boolean {
    const hadText = this.#text !== '';
    this.#text = '';
    this.#calls = new GrowingCalls(this.#asked.tools);
    this.#stops = new StopFilter(this.#asked.stopStrings);
    this.#thoughts = new ThoughtFilter();
    this.#pieces = 0;
    this.#answerTokens = undefined;
    this.#firstTextAt = Number.NaN;
    this.finishReason = undefined;
    return hadText;
  }

  end(): EndEvent {
    const endedAt = performance.now();
    const firstTextAt = Number.isNaN(this.#firstTextAt) ? endedAt : this.#firstTextAt;
    const decodeMs = endedAt - firstTextAt;
    const answerTokens = this.#answerTokens ?? this.#estimatedTokens;
    return {
      type: 'end',
      finishReason: this.finishReason ?? 'aborted',
      text: this.#text,
      usage: { ...this.#usage, answerTokens },
      timings: {
        queueMs: 0,
        preprocessMs: (Number.isNaN(this.#askedAt) ? endedAt : this.#askedAt) - this.#startedAt,
        encodeMs: 0,
        timeToFirstTokenMs: firstTextAt - this.#startedAt,
        totalMs: endedAt - this.#startedAt,
        tokensPerSecond:
          answerTokens > 1 && decodeMs > 0 ? ((answerTokens - 1) * 1000) / decodeMs : 0,
      },
    };
  }

  /** Servers stream about a token a piece, or all at once. */
  get #estimatedTokens(): number {
    return Math.max(this.#pieces, Math.round(Buffer.byteLength(this.#text) / bytesPerToken));
  }
}

const lengthReasons = new Set(['length', 'max_tokens', 'max_output_tokens', 'model_length']);
const filteredReasons = new Set([
  'content_filter',
  'safety',
  'prohibited_content',
  'blocklist',
  'recitation',
  'spii',
]);
/** Of SGLang and vLLM, OpenRouter, DeepSeek. */
const faultReasons = new Set(['abort', 'error', 'insufficient_system_resource']);
