import { type CacheScope, CacheScopes } from '../cache-scopes.js';
import type { ChatMessage } from '../conversation/chat-message.js';
import { parseChatMessages } from '../conversation/parse-chat-messages.js';
import { VistazoError } from '../errors.js';
import type { GenerationEvent } from '../generation/generation-event.js';
import type { GenerationOptions } from '../generation/generation-options.js';
import { parseGenerationOptions, resolveOptions } from '../generation/resolve-options.js';
import { EngineClient } from '../inference/engine/engine-client.js';
import type { InferenceRequest } from '../inference/engine/inference-request.js';
import type {
  ImageLayout,
  ProcessedPicture,
  TileBudget,
} from '../inference/family/image-layout.js';
import type { FamilyModel, ImageFamily } from '../inference/family/model-family.js';
import { openFamily } from '../inference/family/registry.js';
import { isHubId, openHubModel } from '../inference/files/hub.js';
import { describeModel, type ModelDescription } from '../inference/files/model-folder.js';
import { requireOnnxRuntime } from '../inference/onnx/require-onnx-runtime.js';
import { withOptimisedDecoder } from '../inference/optimise/optimise-model.js';
import { jsonSchemaGrammar } from '../inference/sequence/constraint/json-schema-grammar.js';
import { CountingThread } from '../inference/tokenize/counting-thread.js';
import { MediaProcess } from '../media/media-process.js';
import { ScopedCache } from '../scoped-cache.js';
import { budgetOf, checkBudget, kvCacheOf, type LocalModelOptions } from './local-model-options.js';
import {
  type MessagePicture,
  type PreparedMessages,
  preparePictures,
  requireQuestion,
  storedLimits,
} from './picture-sources.js';
import type {
  GenerateCallOptions,
  ModelCallOptions,
  ModelInfo,
  TokenCount,
  VisionLanguageModel,
} from './vision-language-model.js';

const defaultMaxFrames = 4;
const maxPreparedBytes = 128 * 2 ** 20;

/**
 * A model that runs in a process of its own on this machine.
 * Throws the `model.*` codes when it cannot be loaded, and `runtime.missing` without ONNX Runtime.
 */
export async function createLocalModel(options: LocalModelOptions): Promise<VisionLanguageModel> {
  requireOnnxRuntime();
  checkBudget(options);
  const { folder, id } = await openModelFolder(options);
  options.onProgress?.({ done: 0, total: 1, label: 'Loading the model' });
  const described = describeModel(folder, {
    ...(options.variant !== undefined && { variant: options.variant }),
    ...(id !== undefined && { id }),
  }).then((description) =>
    withOptimisedDecoder(description, {
      intraOpThreads: options.intraOpThreads,
      signal: options.signal,
    }),
  );
  const engine = new EngineClient(described, {
    intraOpThreads: options.intraOpThreads,
    kvCache: kvCacheOf(options),
    measuresTiles: options.tileBudget === 'auto',
  });
  const tileMs = await engine.start();
  const media = new MediaProcess();
  media.start();
  options.onProgress?.({ done: 1, total: 1, label: 'Loading the model' });
  return new LocalModel(await described, engine, media, {
    maxFrames: options.maxFrames ?? defaultMaxFrames,
    budget: budgetOf(options, tileMs),
  });
}

/** The folder of the model, downloaded first where `model` is a hub id, and the name to show. */
async function openModelFolder({
  model,
  id,
  variant,
  ...options
}: LocalModelOptions): Promise<{ folder: string; id: string | undefined }> {
  if (!isHubId(model)) return { folder: model, id };
  const chosen = variant === undefined ? {} : { variant };
  return { folder: await openHubModel(model, { ...options, ...chosen }), id: model };
}

class LocalModel implements VisionLanguageModel {
  readonly info: ModelInfo;
  readonly #description: ModelDescription;
  readonly #family: FamilyModel;
  readonly #engine: EngineClient;
  readonly #media: MediaProcess;
  readonly #counting: CountingThread;
  readonly #maxFrames: number;
  readonly #budget: TileBudget;
  readonly #scopes = new CacheScopes();
  /** By the id of a stored picture, or the hash of the bytes, so that a next turn does not decode the pictures of those before. */
  readonly #prepared = new ScopedCache<ProcessedPicture[]>(maxPreparedBytes, (frames) =>
    frames.flatMap(({ pixels }) => pixels).reduce((sum, { byteLength }) => sum + byteLength, 0),
  );

  constructor(
    description: ModelDescription,
    engine: EngineClient,
    media: MediaProcess,
    { maxFrames, budget }: { maxFrames: number; budget: TileBudget },
  ) {
    this.#description = description;
    this.#family = openFamily(description.family);
    this.#engine = engine;
    this.#media = media;
    this.#maxFrames = maxFrames;
    this.#budget = budget;
    this.#counting = new CountingThread(description);
    this.#counting.start();
    this.info = {
      id: description.id,
      variant: description.graphs.variant,
      runs: 'here',
      capabilities: {
        contextLengthTokens: description.contextLengthTokens,
        images: this.#family.images !== undefined,
        tools: false,
        exactTokenCounts: true,
      },
    };
  }

  async countTokens(
    messages: readonly ChatMessage[],
    { cacheScope = '', ...call }: ModelCallOptions = {},
  ): Promise<TokenCount> {
    const scope = this.#scopes.open(cacheScope);
    try {
      return await this.#count(messages, call, scope);
    } finally {
      this.#scopes.close(scope);
    }
  }

  async #count(
    messages: readonly ChatMessage[],
    call: PictureAccess,
    scope: CacheScope,
  ): Promise<TokenCount> {
    const { signal } = call;
    const { messages: asked, pictures: layouts } = await preparePictures<ImageLayout>(
      parseChatMessages(messages),
      async ({ id, ref, isFrame, bytes }) => {
        const { widthPx, heightPx, frames } =
          ref ??
          (await this.#media.inspect(await bytes(), {
            ...(id !== undefined && { limits: storedLimits }),
            ...(signal !== undefined && { signal }),
          }));
        const layout = this.#eyes().layout({ widthPx, heightPx }, this.#budgetOf(isFrame));
        return Array.from({ length: Math.min(frames, this.#maxFrames) }, () => layout);
      },
      call,
      this.#family.images?.videos,
    );
    return this.#counting.count({ messages: asked, layouts }, scope, signal);
  }

  async *generate(
    messages: readonly ChatMessage[],
    { cacheScope = '', tools, ...given }: GenerationOptions & GenerateCallOptions = {},
  ): AsyncGenerator<GenerationEvent> {
    if (tools !== undefined) throw noTools(this.info.id);
    const scope = this.#scopes.open(cacheScope);
    try {
      yield* this.#generate(messages, given, scope);
    } finally {
      this.#scopes.close(scope);
    }
  }

  async *#generate(
    messages: readonly ChatMessage[],
    {
      signal,
      resolvePicture,
      describePicture,
      ...given
    }: Omit<GenerationOptions & GenerateCallOptions, 'tools'>,
    scope: CacheScope,
  ): AsyncGenerator<GenerationEvent> {
    const startedAt = performance.now();
    const options = resolveOptions(parseGenerationOptions(given), this.#description.generation);
    // Before any picture is decoded; the engine, which has the vocabulary, makes it anew.
    if (options.jsonSchema !== undefined) jsonSchemaGrammar(options.jsonSchema);
    const call = {
      ...(signal !== undefined && { signal }),
      ...(resolvePicture !== undefined && { resolvePicture }),
      ...(describePicture !== undefined && { describePicture }),
    };
    const asked = parseChatMessages(messages);
    const prepared = await this.#prepare(asked, call, scope).catch((error: unknown) => {
      if (signal?.aborted) return undefined;
      throw error;
    });
    if (prepared === undefined || signal?.aborted) {
      yield abortedEnd(performance.now() - startedAt);
      return;
    }
    requireQuestion(prepared);
    const preprocessMs = performance.now() - startedAt;
    yield* this.#answer({ request: { ...prepared, options }, preprocessMs, signal, scope });
  }

  /** Starts once again when the engine dies meanwhile. */
  async *#answer(asked: Asked): AsyncGenerator<GenerationEvent> {
    try {
      yield* this.#attempt(asked);
    } catch (error) {
      const isCrash = error instanceof VistazoError && error.code === 'engine.crashed';
      if (!isCrash || asked.signal?.aborted) throw error;
      yield { type: 'restart' };
      yield* this.#attempt(asked);
    }
  }

  async *#attempt({
    request,
    preprocessMs,
    signal,
    scope,
  }: Asked): AsyncGenerator<GenerationEvent> {
    const sentAt = performance.now();
    const elapsedMs = () => performance.now() - sentAt;
    let queueMs: number | undefined;
    let text = '';
    const work = { type: 'generate', request, cacheScope: nameOf(scope) } as const;
    for await (const reply of this.#engine.run(work, signal)) {
      if (reply.type !== 'event') continue;
      const { event } = reply;
      if (event.type === 'prompt') queueMs = elapsedMs();
      if (event.type === 'text') text += event.text;
      if (event.type === 'end') {
        yield withTimes(event, preprocessMs, queueMs ?? 0);
        return;
      }
      yield event;
    }
    // It was aborted while it waited for its turn, or the engine did not let go of it in time.
    const end = { ...abortedEnd(elapsedMs()), text };
    yield withTimes(end, preprocessMs, queueMs ?? elapsedMs());
  }

  #prepare(
    messages: readonly ChatMessage[],
    call: PictureAccess,
    scope: CacheScope,
  ): Promise<PreparedMessages<ProcessedPicture>> {
    return preparePictures(
      messages,
      (picture) => this.#frames(picture, call.signal, scope),
      call,
      this.#family.images?.videos,
    );
  }

  async #frames(
    { id, isFrame, bytes: read }: MessagePicture,
    signal: AbortSignal | undefined,
    scope: CacheScope,
  ): Promise<ProcessedPicture[]> {
    const isStored = id !== undefined;
    const given = isStored ? undefined : await read();
    // Stored pictures have other limits, which must not let the same bytes in where they are posted.
    const budget = this.#budgetOf(isFrame);
    const key = `${given === undefined ? `stored ${id}` : await sha256(given)} ${budget}`;
    const known = this.#prepared.get(scope, key);
    if (known !== undefined) return known;
    this.#eyes();
    const frames = await this.#media.preparePictures(given ?? (await read()), {
      family: this.#description.family,
      budget,
      maxFrames: this.#maxFrames,
      ...(isStored && { limits: storedLimits }),
      ...(signal !== undefined && { signal }),
    });
    this.#prepared.set(scope, key, frames);
    return frames;
  }

  #budgetOf(isFrame: boolean): TileBudget {
    return (isFrame ? this.#family.images?.videos?.budget : undefined) ?? this.#budget;
  }

  /** Throws `option.unsupported` when the model has none. */
  #eyes(): ImageFamily {
    if (this.#family.images !== undefined) return this.#family.images;
    throw new VistazoError(
      'option.unsupported',
      `The model ${this.info.id} cannot see pictures; leave them out, or use another model.`,
    );
  }

  isReady(): boolean {
    return !this.#engine.isClosed;
  }

  async forget(cacheScope: string): Promise<void> {
    this.#scopes.forget(cacheScope);
    this.#prepared.forget(cacheScope);
    await Promise.all([this.#counting.forget(cacheScope), this.#engine.forget(cacheScope)]);
  }

  async close(): Promise<void> {
    await Promise.all([this.#engine.close(), this.#counting.close(), this.#media.close()]);
  }
}

type PictureAccess = Pick<ModelCallOptions, 'signal' | 'resolvePicture' | 'describePicture'>;

/** An answer that is asked for, its pictures made ready. */
interface Asked {
  request: InferenceRequest;
  preprocessMs: number;
  signal: AbortSignal | undefined;
  scope: CacheScope;
}

/** Null for one that keeps nothing any more. */
function nameOf({ name, isForgotten }: CacheScope): string | null {
  return isForgotten ? null : name;
}

/** Worked out beside the event loop: a photograph has tens of megabytes. */
async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new Uint8Array(bytes));
  return Buffer.from(digest).toString('hex');
}

type EndEvent = Extract<GenerationEvent, { type: 'end' }>;

function withTimes(event: EndEvent, preprocessMs: number, queueMs: number): EndEvent {
  const { timings } = event;
  return {
    ...event,
    timings: {
      ...timings,
      queueMs,
      preprocessMs,
      timeToFirstTokenMs: timings.timeToFirstTokenMs + preprocessMs,
      totalMs: timings.totalMs + preprocessMs,
    },
  };
}

function noTools(id: string): VistazoError {
  return new VistazoError(
    'option.unsupported',
    `The model ${id} runs here and cannot call tools; leave them out, or use a model on a server.`,
  );
}

function abortedEnd(elapsedMs: number): EndEvent {
  return {
    type: 'end',
    finishReason: 'aborted',
    text: '',
    usage: { promptTokens: 0, imageTokens: 0, reusedTokens: 0, answerTokens: 0 },
    timings: {
      queueMs: 0,
      preprocessMs: elapsedMs,
      encodeMs: 0,
      timeToFirstTokenMs: elapsedMs,
      totalMs: elapsedMs,
      tokensPerSecond: 0,
    },
  };
}
