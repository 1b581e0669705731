import { createHash } from 'node:crypto';
import type { CacheScope } from '../../cache-scopes.js';
import { VistazoError } from '../../errors.js';
import { deadlineSignal } from '../../generation/deadline.js';
import type { FinishReason, GenerationEvent } from '../../generation/generation-event.js';
import { ScopedCache } from '../../scoped-cache.js';
import { createImageProcessor } from '../family/image-processor.js';
import type { ProcessedPicture } from '../family/processed-picture.js';
import type { ModelDescription } from '../files/model-folder.js';
import { PrefixCache } from '../kv/prefix-cache.js';
import type { SessionOptions } from '../onnx/session.js';
import { Decoder } from '../runner/decoder.js';
import { Embedder } from '../runner/embedder.js';
import { digestOf } from '../runner/picture-digest.js';
import { type ImageFeatures, VisionEncoder } from '../runner/vision-encoder.js';
import { Confidence } from '../sequence/confidence.js';
import { type Constraint, JsonConstraints } from '../sequence/constraint/json-constraint.js';
import { createSampler } from '../sequence/sampler.js';
import { TextStreamer } from '../sequence/text-streamer.js';
import { ChatTemplate } from '../tokenize/chat-template.js';
import { buildPrompt, type PromptModel } from '../tokenize/prompt.js';
import { Tokenizer } from '../tokenize/tokenizer.js';
import { seenPictures, timings } from './inference-facts.js';
import type { CountRequest, InferenceRequest } from './inference-request.js';

const maxFeatureBytes = 64 * 2 ** 20;
const maxPrefixBytes = 512 * 2 ** 20;
/** Entries of small values, such as counts. */
const maxRemembered = 10_000;

interface PromptCount {
  tokens: number;
  images: number;
}

interface EncodeCall {
  stop: AbortSignal;
  scope: CacheScope;
}

/** A loaded model: embed text → encode pictures → merge → decode. One answer at a time. */
export class Inference {
  readonly #description: ModelDescription;
  readonly #tokenizer: Tokenizer;
  readonly #prompt: PromptModel;
  readonly #vision: VisionEncoder;
  readonly #embedder: Embedder;
  readonly #decoder: Decoder;
  readonly #endTokens: ReadonlySet<number>;
  readonly #features = new ScopedCache<ImageFeatures>(
    maxFeatureBytes,
    ({ data }) => data.byteLength,
  );
  /** Made for the first answer that is held to a schema. */
  #constraints: JsonConstraints | undefined;
  readonly #prefixes = new PrefixCache(maxPrefixBytes);
  readonly #pictureNumbers = new ScopedCache<number>(maxRemembered, () => 1);
  #lastPictureNumber = 0;
  /** Tokens of whole prompts, by their hash: a growing conversation has been counted but for its end. */
  readonly #counts = new ScopedCache<PromptCount>(maxRemembered, () => 1);

  private constructor(
    description: ModelDescription,
    graphs: { vision: VisionEncoder; embedder: Embedder; decoder: Decoder },
  ) {
    this.#description = description;
    this.#tokenizer = Tokenizer.load(description.tokenizer);
    this.#prompt = {
      template: new ChatTemplate(description.chatTemplate, description.templateVariables),
      specialTokens: this.#tokenizer.specialTokens,
      imageSeqLen: description.imageSeqLen,
    };
    this.#vision = graphs.vision;
    this.#embedder = graphs.embedder;
    this.#decoder = graphs.decoder;
    this.#endTokens = endTokens(description, this.#tokenizer);
  }

  /** Loads the graphs. Throws `model.invalidGraph` or `model.outOfMemory`. */
  static async load(
    description: ModelDescription,
    options: SessionOptions = {},
  ): Promise<Inference> {
    const { paths } = description.graphs;
    const processor = createImageProcessor(description.imageProcessor);
    const vision = await VisionEncoder.open(paths.vision_encoder, processor.scaling, options);
    vision.requireTiles(processor.plan(1, 1));
    const embedder = await Embedder.open(paths.embed_tokens, options);
    const decoder = await Decoder.open(paths.decoder_model_merged, options);
    return new Inference(description, { vision, embedder, decoder });
  }

  /** Token ids of a prompt. */
  tokenise(request: CountRequest): number[] {
    return this.#tokenizer.encode(this.#promptOf(request));
  }

  #promptOf({ messages, pictures }: CountRequest): string {
    return buildPrompt(messages, pictures, this.#prompt);
  }

  /** How many tokens each message adds to the prompt, and how many of them are of pictures. */
  countTokens(
    { messages, pictures }: CountRequest,
    scope: CacheScope,
  ): {
    messageTokens: number[];
    messageImageTokens: number[];
    totalTokens: number;
  } {
    const counts = messages.map((_, index) => {
      const part = messages.slice(0, index + 1);
      const shown = part
        .flatMap(({ content }) => content)
        .filter(({ type }) => type === 'image').length;
      return this.#count(
        this.#promptOf({ messages: part, pictures: pictures.slice(0, shown) }),
        scope,
      );
    });
    const growth = (of: 'tokens' | 'images') =>
      counts.map((each, index) => each[of] - (index === 0 ? 0 : (counts[index - 1]?.[of] ?? 0)));
    return {
      messageTokens: growth('tokens'),
      messageImageTokens: growth('images'),
      totalTokens: counts.at(-1)?.tokens ?? 0,
    };
  }

  #count(prompt: string, scope: CacheScope): PromptCount {
    const key = createHash('sha256').update(prompt).digest('hex');
    const known = this.#counts.get(scope, key);
    if (known !== undefined) return known;
    const inputIds = this.#tokenizer.encode(prompt);
    const count = { tokens: inputIds.length, images: this.#imageTokenCount(inputIds) };
    this.#counts.set(scope, key, count);
    return count;
  }

  /**
   * Answers a request. The events are those of a `VisionLanguageModel`, with times counted from here.
   * What is worked out is kept for answers of the same scope. Throws `chat.tooLong` when the prompt does not fit.
   */
  async *generate(
    request: InferenceRequest,
    signal: AbortSignal,
    scope: CacheScope,
  ): AsyncGenerator<GenerationEvent> {
    const startedAt = performance.now();
    const { options, pictures } = request;
    const inputIds = this.tokenise(request);
    const imageTokens = this.#imageTokenCount(inputIds);
    this.#requireImageTokens(imageTokens, pictures);
    const room = this.#description.contextLengthTokens - inputIds.length;
    if (room < 1) throw this.#tooLong(inputIds.length);
    const maxTokens = Math.min(options.maxNewTokens, room);
    const constraint = this.#constraintOf(options.jsonSchema, maxTokens, scope);
    yield {
      type: 'prompt',
      pictures: seenPictures(request, this.#description.imageSeqLen),
      promptTokens: inputIds.length,
      imageTokens,
    };

    const deadline = deadlineSignal(options.deadlineMs);
    const stop = AbortSignal.any([signal, deadline]);
    const streamer = new TextStreamer(this.#tokenizer, options.stopStrings);
    const usage = { promptTokens: inputIds.length, imageTokens, reusedTokens: 0, answerTokens: 0 };
    const times = { encodeMs: 0, firstTokenAt: Number.NaN };
    const confidence = new Confidence();
    let finishReason: FinishReason = 'length';
    try {
      const keys = this.#cacheKeys(inputIds, pictures, scope);
      const reused = this.#prefixes.longest(scope, keys) ?? this.#decoder.emptyCache();
      usage.reusedTokens = reused.tokens;
      const embeds = await this.#promptEmbeds(inputIds, reused.tokens, pictures, {
        stop,
        scope,
        times,
      });
      let step = await this.#decoder.prefill(embeds, reused, stop);
      this.#prefixes.remember(scope, keys, step.cache);
      const sample = createSampler(options, inputIds, constraint);
      while (usage.answerTokens < maxTokens) {
        const token = sample(step.logits, maxTokens - usage.answerTokens);
        confidence.add(step.logits, token);
        if (usage.answerTokens === 0) times.firstTokenAt = performance.now();
        if (this.#endTokens.has(token)) {
          finishReason = 'endToken';
          break;
        }
        usage.answerTokens += 1;
        keys.push(token);
        constraint?.accept(token);
        const text = streamer.push(token);
        if (text !== '') yield { type: 'text', text };
        if (streamer.stopped) {
          finishReason = 'stopString';
          break;
        }
        const isOver = usage.answerTokens === maxTokens;
        if (constraint?.isFinal || (isOver && constraint?.isAccepting)) finishReason = 'endToken';
        if (constraint?.isFinal || isOver) break;
        // ONNX Runtime blocks this thread; a turn of the loop lets an abort arrive.
        await new Promise((resolve) => setImmediate(resolve));
        stop.throwIfAborted();
        step = await this.#decoder.step(await this.#embedder.embed([token]), step.cache);
      }
      this.#prefixes.remember(scope, keys, step.cache);
    } catch (error) {
      if (!stop.aborted) throw error;
      finishReason = signal.aborted ? 'aborted' : 'deadline';
    }
    const rest = streamer.finish();
    if (rest !== '') yield { type: 'text', text: rest };
    yield {
      type: 'end',
      finishReason,
      text: streamer.text,
      usage,
      timings: timings(startedAt, times, usage.answerTokens),
      ...(confidence.value !== undefined && { confidence: confidence.value }),
    };
  }

  #constraintOf(
    schema: Record<string, unknown> | undefined,
    maxTokens: number,
    scope: CacheScope,
  ): Constraint | undefined {
    if (schema === undefined) return undefined;
    this.#constraints ??= new JsonConstraints(this.#tokenizer.tokenBytes(), this.#endTokens);
    return this.#constraints.forAnswer(schema, maxTokens, scope);
  }

  async #promptEmbeds(
    inputIds: readonly number[],
    from: number,
    pictures: readonly ProcessedPicture[],
    { stop, scope, times }: EncodeCall & { times: { encodeMs: number } },
  ): Promise<Float32Array> {
    const embeds = await this.#embedder.embed(inputIds.slice(from));
    const total = this.#imageTokenCount(inputIds);
    const skipped = this.#imageTokenCount(inputIds.slice(0, from));
    if (total === skipped) return embeds;
    const startedAt = performance.now();
    const rows = await this.#imageRows(pictures, skipped, total, { stop, scope });
    times.encodeMs = performance.now() - startedAt;
    return this.#merged(inputIds.slice(from), embeds, rows);
  }

  /** Features of the image tokens from `skipped` on, in order; pictures wholly before are not encoded. */
  async #imageRows(
    pictures: readonly ProcessedPicture[],
    skipped: number,
    total: number,
    call: EncodeCall,
  ): Promise<Float32Array> {
    const { hidden } = this.#decoder;
    const rows = new Float32Array((total - skipped) * hidden);
    let position = 0;
    for (const picture of pictures) {
      const tokens = picture.tiles * this.#description.imageSeqLen;
      if (position + tokens > skipped) {
        const features = await this.#encode(picture, tokens, call);
        const cut = Math.max(0, skipped - position);
        rows.set(features.data.subarray(cut * hidden), (position + cut - skipped) * hidden);
      }
      position += tokens;
    }
    return rows;
  }

  async #encode(
    picture: ProcessedPicture,
    tokens: number,
    { stop, scope }: EncodeCall,
  ): Promise<ImageFeatures> {
    const digest = digestOf(picture);
    const known = this.#features.get(scope, digest);
    if (known !== undefined) return known;
    const features = await this.#vision.encode(picture, stop);
    if (features.tokens !== tokens || features.hidden !== this.#decoder.hidden) {
      throw new VistazoError(
        'model.invalidGraph',
        `The vision encoder gave ${features.tokens} × ${features.hidden} features where the decoder wants ${tokens} × ${this.#decoder.hidden}; the graphs do not belong together.`,
      );
    }
    this.#features.set(scope, digest, features);
    return features;
  }

  /** Puts the rows of pictures where the placeholders are. Both are `[tokens, hidden]`. */
  #merged(inputIds: readonly number[], embeds: Float32Array, rows: Float32Array): Float32Array {
    const { hidden } = this.#decoder;
    const merged = embeds.slice();
    let row = 0;
    for (const [index, token] of inputIds.entries()) {
      if (token !== this.#description.imageTokenId) continue;
      merged.set(rows.subarray(row * hidden, (row + 1) * hidden), index * hidden);
      row += 1;
    }
    return merged;
  }

  /** Every picture has its places in the prompt, unless the files of the model contradict each other. */
  #requireImageTokens(imageTokens: number, pictures: readonly ProcessedPicture[]): void {
    const { imageSeqLen, imageTokenId } = this.#description;
    const needed = pictures.reduce((sum, { tiles }) => sum + tiles * imageSeqLen, 0);
    if (imageTokens === needed) return;
    throw new VistazoError(
      'model.invalidConfig',
      `The prompt has the image token ${imageTokenId} of config.json ${imageTokens} times, where the pictures need ${needed}; config.json and the tokenizer do not belong together. Download the model again.`,
    );
  }

  #imageTokenCount(inputIds: readonly number[]): number {
    return inputIds.reduce(
      (count, token) => count + (token === this.#description.imageTokenId ? 1 : 0),
      0,
    );
  }

  /** Like `inputIds`, but tokens of different pictures differ. */
  #cacheKeys(
    inputIds: readonly number[],
    pictures: readonly ProcessedPicture[],
    scope: CacheScope,
  ): number[] {
    const numbers = pictures.flatMap((picture) => {
      const number = this.#pictureNumber(digestOf(picture), scope);
      return Array.from({ length: picture.tiles * this.#description.imageSeqLen }, () => number);
    });
    let next = 0;
    return inputIds.map((token) =>
      token === this.#description.imageTokenId ? (numbers[next++] ?? token) : token,
    );
  }

  #pictureNumber(digest: string, scope: CacheScope): number {
    const known = this.#pictureNumbers.get(scope, digest);
    if (known !== undefined) return known;
    // A forgotten picture gets a new number: its cache is not found again, and no other one is.
    this.#lastPictureNumber -= 1;
    this.#pictureNumbers.set(scope, digest, this.#lastPictureNumber);
    return this.#lastPictureNumber;
  }

  #tooLong(promptTokens: number): VistazoError {
    return new VistazoError(
      'chat.tooLong',
      `The conversation has ${promptTokens} tokens, but the model reads at most ${this.#description.contextLengthTokens} with its answer; send fewer pictures or less text, or start a new conversation.`,
    );
  }

  /** Drops all that was kept in the scope of this name. */
  forget(name: string): void {
    this.#features.forget(name);
    this.#prefixes.forget(name);
    this.#pictureNumbers.forget(name);
    this.#counts.forget(name);
    this.#constraints?.forget(name);
  }

  async close(): Promise<void> {
    await Promise.all([this.#vision.close(), this.#embedder.close(), this.#decoder.close()]);
  }
}

function endTokens({ generation }: ModelDescription, tokenizer: Tokenizer): Set<number> {
  const { eos_token_id: configured } = generation;
  const turnEnd = tokenizer.tokenToId('<end_of_utterance>');
  const tokens = new Set(configured === undefined ? [] : [configured].flat());
  // Published generation configs of the family name the end of the text, their templates the end of the turn.
  if (turnEnd !== undefined) tokens.add(turnEnd);
  return tokens;
}
