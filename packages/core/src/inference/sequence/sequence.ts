import type { CacheScope } from '../../cache-scopes.js';
import type { FinishReason, GenerationEvent, Usage } from '../../generation/generation-event.js';
import type { ResolvedGenerationOptions } from '../../generation/resolve-options.js';
import type { PromptKeys } from '../kv/block-key.js';
import { emptyRow, type KvRow } from '../kv/kv-row.js';
import type { Tokenizer } from '../tokenize/tokenizer.js';
import { Confidence } from './confidence.js';
import type { Constraint } from './constraint/json-constraint.js';
import { createSampler, type Sampler } from './sampler.js';
import { TextStreamer } from './text-streamer.js';
import { Stopwatch } from './timings.js';

/** What a sequence is made of. */
export interface SequenceStart {
  /** What is kept of it is found by sequences of the same scope. */
  scope: CacheScope;
  /** The prompt. */
  inputIds: readonly number[];
  /** Like `inputIds`, but tokens of different pictures differ. */
  prompt: PromptKeys;
  imageTokens: number;
  /** Position of the first token of the answer, less the number of tokens before it. */
  positionShift: number;
  /** Most tokens of the answer; prompt and answer fit into the context. */
  maxTokens: number;
  options: ResolvedGenerationOptions;
  constraint: Constraint | undefined;
  tokenizer: Tokenizer;
  endTokens: ReadonlySet<number>;
  /** Bytes that one token takes in the cache. */
  kvBytesPerToken: number;
  /** Told what happens. */
  onEvent: (event: GenerationEvent) => void;
}

/** One answer: its prompt, what has been read of it, and the text so far. */
export class Sequence {
  readonly scope: CacheScope;
  readonly tenant: string;
  readonly inputIds: readonly number[];
  readonly kvBytes: number;
  /** Keys and values of what has been read. */
  row: KvRow = emptyRow();
  readonly usage: Usage;
  readonly watch = new Stopwatch();
  /** The keys of prompt and answer. */
  readonly #keys: number[];
  readonly #start: SequenceStart;
  readonly #streamer: TextStreamer;
  readonly #sample: Sampler;
  readonly #confidence = new Confidence();
  #isDecoding = false;
  #isFinished = false;
  #lastToken = -1;

  constructor(start: SequenceStart) {
    const { scope, inputIds, prompt, options, constraint, tokenizer, maxTokens } = start;
    this.scope = scope;
    this.tenant = scope.name;
    this.inputIds = inputIds;
    this.#keys = [...prompt.keys];
    this.kvBytes = (inputIds.length + maxTokens) * start.kvBytesPerToken;
    this.usage = {
      promptTokens: inputIds.length,
      imageTokens: start.imageTokens,
      reusedTokens: 0,
      answerTokens: 0,
    };
    this.#start = start;
    this.#streamer = new TextStreamer(tokenizer, options.stopStrings);
    this.#sample = createSampler(options, inputIds, constraint);
  }

  /** Whether the whole prompt has been read. */
  get isDecoding(): boolean {
    return this.#isDecoding;
  }

  /** Position of the token to read next. */
  get nextPosition(): number {
    return this.row.tokens + this.#start.positionShift;
  }

  /** What prompt and answer are known by, for the cache. */
  get prompt(): PromptKeys {
    return { keys: this.#keys, digests: this.#start.prompt.digests };
  }

  /** Nothing more comes of it. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** The token to read next. */
  get lastToken(): number {
    return this.#lastToken;
  }

  /**
   * Takes the logits behind the last token that was read, picks the next one, and finishes when
   * the answer ends with it. May change `logits`.
   */
  take(logits: Float32Array): void {
    const { maxTokens, endTokens, constraint } = this.#start;
    this.#isDecoding = true;
    const token = this.#sample(logits, maxTokens - this.usage.answerTokens);
    this.#confidence.add(logits, token);
    if (this.usage.answerTokens === 0) this.watch.firstToken();
    if (endTokens.has(token)) {
      this.finish('endToken');
      return;
    }
    this.usage.answerTokens += 1;
    this.#keys.push(token);
    this.#lastToken = token;
    constraint?.accept(token);
    const text = this.#streamer.push(token);
    if (text !== '') this.#start.onEvent({ type: 'text', text });
    const reason = this.#reasonToEnd();
    if (reason !== undefined) this.finish(reason);
  }

  #reasonToEnd(): FinishReason | undefined {
    const { maxTokens, constraint } = this.#start;
    if (this.#streamer.stopped) return 'stopString';
    const isOver = this.usage.answerTokens === maxTokens;
    if (constraint?.isFinal || (isOver && constraint?.isAccepting)) return 'endToken';
    return isOver ? 'length' : undefined;
  }

  /** Ends the answer with what there is. */
  finish(finishReason: FinishReason): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    const rest = this.#streamer.finish();
    if (rest !== '') this.#start.onEvent({ type: 'text', text: rest });
    const confidence = this.#confidence.value;
    this.#start.onEvent({
      type: 'end',
      finishReason,
      text: this.#streamer.text,
      usage: this.usage,
      timings: this.watch.timings(this.usage.answerTokens),
      ...(confidence !== undefined && { confidence }),
    });
  }
}
