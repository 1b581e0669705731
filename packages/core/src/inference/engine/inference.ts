import { BoundedCache } from '../../bounded-cache.js';
import type { CacheScope } from '../../cache-scopes.js';
import { VistazoError } from '../../errors.js';
import { deadlineSignal } from '../../generation/deadline.js';
import type { GenerationEvent } from '../../generation/generation-event.js';
import { ScopedCache } from '../../scoped-cache.js';
import { type ImageLayout, imageTokensOf, type ProcessedPicture } from '../family/image-layout.js';
import type { FamilyModel } from '../family/model-family.js';
import { openFamily } from '../family/registry.js';
import { fingerprintOf } from '../files/fingerprint.js';
import type { ModelDescription } from '../files/model-folder.js';
import type { PromptKeys } from '../kv/block-key.js';
import { DiskStore, type DiskStoreOptions } from '../kv/disk-store.js';
import { bytesPerToken } from '../kv/kv-spec.js';
import { PrefixCache } from '../kv/prefix-cache.js';
import { PrefixIndex } from '../kv/prefix-index.js';
import type { SessionOptions } from '../onnx/session.js';
import { ModelRunner } from '../runner/model-runner.js';
import { digestOf } from '../runner/picture-digest.js';
import type { SchedulerLimits } from '../scheduler/scheduler.js';
import { type Constraint, JsonConstraints } from '../sequence/constraint/json-constraint.js';
import { Sequence } from '../sequence/sequence.js';
import type { CountRequest } from '../tokenize/counting-protocol.js';
import { buildPrompt, openPromptModel, type PromptModel } from '../tokenize/prompt.js';
import { Tokenizer } from '../tokenize/tokenizer.js';
import { EventQueue } from './event-queue.js';
import { seenPictures } from './inference-facts.js';
import type { InferenceRequest } from './inference-request.js';
import { PromptReader } from './prompt-reader.js';
import { type LoopEntry, StepLoop } from './step-loop.js';

/** Memory of blocks that are kept for later prompts unless told otherwise. */
const defaultMaxPrefixBytes = 512 * 2 ** 20;
/** Entries of small values, such as numbers of pictures. */
const maxRemembered = 10_000;

/** Sequences that run at once unless told otherwise. */
const defaultMaxSequences = 16;
/** Memory of their keys and values unless told otherwise. */
const defaultMaxKvBytes = 2 * 2 ** 30;

/** Where keys and values are kept across restarts, and how many bytes of them. */
export type KvCacheOptions = Omit<DiskStoreOptions, 'fingerprint'>;

/** How a model is loaded. */
export interface LoadOptions extends SessionOptions, Partial<SchedulerLimits> {
  /** Memory of keys and values that are kept for later prompts, in bytes, ≥ 0. Default 512 MiB. */
  maxPrefixBytes?: number;
  /** Where keys and values are kept across restarts. Default: nowhere. */
  kvCache?: KvCacheOptions | undefined;
}

/** Bounds of what a loaded model keeps. */
interface EngineLimits extends SchedulerLimits {
  maxPrefixBytes: number;
  disk: DiskStoreOptions | undefined;
}

/** A loaded model: embed text → encode pictures → merge → decode, for many answers at once. */
export class Inference {
  readonly #description: ModelDescription;
  readonly #family: FamilyModel;
  readonly #tokenizer: Tokenizer;
  readonly #prompt: PromptModel;
  readonly #runner: ModelRunner;
  readonly #loop: StepLoop;
  readonly #endTokens: ReadonlySet<number>;
  /** Made for the first answer that is held to a schema. */
  #constraints: JsonConstraints | undefined;
  readonly #prefixes: PrefixCache;
  readonly #pictureNumbers = new ScopedCache<number>(maxRemembered, () => 1);
  #lastPictureNumber = 0;
  /** Tokens of pictures by what stands in the prompt for them. */
  readonly #pictureTokenCounts = new BoundedCache<number>(maxRemembered, () => 1);

  private constructor(
    description: ModelDescription,
    family: FamilyModel,
    runner: ModelRunner,
    { disk, maxPrefixBytes, ...limits }: EngineLimits,
  ) {
    this.#description = description;
    this.#family = family;
    this.#tokenizer = Tokenizer.load(description.tokenizer);
    this.#prompt = openPromptModel(description, family, this.#tokenizer);
    this.#runner = runner;
    const { kvSpec } = runner.decoder;
    this.#prefixes = new PrefixCache(
      new PrefixIndex(kvSpec, maxPrefixBytes),
      disk && new DiskStore(kvSpec, disk),
    );
    this.#loop = new StepLoop(runner, this.#prefixes, limits);
    this.#endTokens = endTokens(description, family, this.#tokenizer);
  }

  /** Loads the graphs. Throws `model.invalidGraph` or `model.outOfMemory`. */
  static async load(
    description: ModelDescription,
    {
      maxSequences = defaultMaxSequences,
      maxKvBytes = defaultMaxKvBytes,
      maxPrefixBytes = defaultMaxPrefixBytes,
      kvCache,
      ...options
    }: LoadOptions = {},
  ): Promise<Inference> {
    const family = openFamily(description.family);
    const runner = await ModelRunner.open(description.graphs, family, options);
    const disk = kvCache && { ...kvCache, fingerprint: await fingerprintOf(description.graphs) };
    const limits = { maxSequences, maxKvBytes, maxPrefixBytes };
    return new Inference(description, family, runner, { ...limits, disk });
  }

  /** How long the vision encoder takes for one tile, in milliseconds; undefined without eyes. */
  measureTile(): Promise<number | undefined> {
    return this.#runner.measureTile();
  }

  /** Token ids of a prompt. */
  tokenise({ messages, layouts }: CountRequest): number[] {
    return this.#tokenizer.encode(buildPrompt(messages, layouts, this.#prompt));
  }

  /**
   * Answers a request, together with others that are under way. The events are those of a
   * `VisionLanguageModel`, with times counted from when its turn comes. What is worked out is kept for
   * answers of the same scope. Throws `chat.tooLong` when the prompt does not fit.
   */
  async *generate(
    request: InferenceRequest,
    signal: AbortSignal,
    scope: CacheScope,
  ): AsyncGenerator<GenerationEvent> {
    const events = new EventQueue<GenerationEvent>();
    const entry = this.#entryOf(request, scope, events);
    const deadline = deadlineSignal(request.options.deadlineMs);
    const end = () => this.#loop.end(entry, signal.aborted ? 'aborted' : 'deadline');
    const stops = [signal, deadline];
    try {
      for (const stop of stops) stop.addEventListener('abort', end);
      this.#loop.add(entry);
      if (stops.some(({ aborted }) => aborted)) end();
      yield* events;
    } finally {
      for (const stop of stops) stop.removeEventListener('abort', end);
      // Whoever asked may have stopped listening.
      this.#loop.end(entry, 'aborted');
    }
  }

  #entryOf(
    request: InferenceRequest,
    scope: CacheScope,
    events: EventQueue<GenerationEvent>,
  ): LoopEntry {
    const { messages, options, pictures } = request;
    const layouts = pictures.map(({ layout }) => layout);
    const inputIds = this.tokenise({ messages, layouts });
    const imageTokens = this.#imageTokenCount(inputIds);
    this.#requireImageTokens(imageTokens, layouts);
    const room = this.#description.contextLengthTokens - inputIds.length;
    if (room < 1) throw this.#tooLong(inputIds.length);
    const maxTokens = Math.min(options.maxNewTokens, room);
    const positions = this.#family.positions?.(inputIds, layouts);
    const sequence = new Sequence({
      positionShift: positions === undefined ? 0 : positions.next - inputIds.length,
      scope,
      inputIds,
      prompt: this.#promptKeys(inputIds, pictures, scope),
      imageTokens,
      maxTokens,
      options,
      constraint: this.#constraintOf(options.jsonSchema, maxTokens, scope),
      tokenizer: this.#tokenizer,
      endTokens: this.#endTokens,
      kvBytesPerToken: bytesPerToken(this.#runner.decoder.kvSpec),
      onEvent: (event) => events.push(event),
    });
    const prompt: GenerationEvent = {
      type: 'prompt',
      pictures: seenPictures(request, this.#family.images, (layout) => this.#pictureTokens(layout)),
      promptTokens: inputIds.length,
      imageTokens,
    };
    return loopEntry(sequence, {
      reader: new PromptReader(sequence, pictures, {
        runner: this.#runner,
        prefixes: this.#prefixes,
        imageTokenId: this.#family.images?.imageTokenId,
        positions,
      }),
      prompt,
      events,
    });
  }

  /** Tokens of a picture in the prompt, borders and the line ends between its tiles included. */
  #pictureTokens(layout: ImageLayout): number {
    // Special tokens begin and end it, so that it has as many tokens alone as in the prompt.
    const text = this.#family.images?.imagePrompt(layout) ?? '';
    const known = this.#pictureTokenCounts.get(text);
    if (known !== undefined) return known;
    const { length } = this.#tokenizer.encode(text);
    this.#pictureTokenCounts.set(text, length);
    return length;
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

  /** Every picture has its places in the prompt, unless the files of the model contradict each other. */
  #requireImageTokens(imageTokens: number, layouts: readonly ImageLayout[]): void {
    const { images } = this.#family;
    if (images === undefined) {
      if (layouts.length === 0) return;
      throw new VistazoError(
        'option.unsupported',
        `The model ${this.#description.id} cannot see pictures; leave them out, or use another model.`,
      );
    }
    const needed = imageTokensOf(layouts);
    if (imageTokens === needed) return;
    throw new VistazoError(
      'model.invalidConfig',
      `The prompt has the image token ${images.imageTokenId} of config.json ${imageTokens} times, where the pictures need ${needed}; config.json and the tokenizer do not belong together. Download the model again.`,
    );
  }

  #imageTokenCount(inputIds: readonly number[]): number {
    const imageTokenId = this.#family.images?.imageTokenId;
    return inputIds.reduce((count, token) => count + (token === imageTokenId ? 1 : 0), 0);
  }

  /** What the prompt is known by: tokens of different pictures differ. */
  #promptKeys(
    inputIds: readonly number[],
    pictures: readonly ProcessedPicture[],
    scope: CacheScope,
  ): PromptKeys {
    const digests = new Map<number, string>();
    const numbers = pictures.flatMap((picture) => {
      const digest = digestOf(picture);
      const number = this.#pictureNumber(digest, scope);
      digests.set(number, digest);
      return Array.from({ length: imageTokensOf([picture.layout]) }, () => number);
    });
    let next = 0;
    const imageTokenId = this.#family.images?.imageTokenId;
    const keys = inputIds.map((token) =>
      token === imageTokenId ? (numbers[next++] ?? token) : token,
    );
    return { keys, digests };
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

  /** Drops all that was kept in the scope of this name; ends when nothing of it is on disk. */
  async forget(name: string): Promise<void> {
    this.#runner.forget(name);
    this.#pictureNumbers.forget(name);
    this.#constraints?.forget(name);
    await this.#prefixes.forget(name);
  }

  async close(): Promise<void> {
    this.#loop.close(new VistazoError('engine.closed', 'The model was closed while it answered.'));
    await this.#prefixes.flush();
    await this.#runner.close();
  }
}

function endTokens(
  { generation }: ModelDescription,
  { stopTokens }: FamilyModel,
  tokenizer: Tokenizer,
): Set<number> {
  const { eos_token_id: configured } = generation;
  const further = stopTokens.flatMap((token) => tokenizer.tokenToId(token) ?? []);
  return new Set([...[configured ?? []].flat(), ...further]);
}

/** Ties a sequence to the events that whoever asked gets. */
function loopEntry(
  sequence: Sequence,
  {
    reader,
    prompt,
    events,
  }: { reader: PromptReader; prompt: GenerationEvent; events: EventQueue<GenerationEvent> },
): LoopEntry {
  let hasStarted = false;
  return {
    sequence,
    reader,
    tenant: sequence.tenant,
    kvBytes: sequence.kvBytes,
    get isDecoding() {
      return sequence.isDecoding;
    },
    onStart: () => {
      if (hasStarted) return;
      hasStarted = true;
      sequence.watch.start();
      events.push(prompt);
    },
    onEnd: () => events.end(),
    onError: (error) => events.fail(error),
  };
}
