import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { BoundedCache } from '../../bounded-cache.js';
import type { ChatMessage } from '../../conversation/chat-message.js';
import { parseChatMessages } from '../../conversation/parse-chat-messages.js';
import { VistazoError } from '../../errors.js';
import { deadlineSignal, maxTimerMs } from '../../generation/deadline.js';
import type { GenerationEvent, SeenPicture } from '../../generation/generation-event.js';
import type { GenerationOptions } from '../../generation/generation-options.js';
import { parseGenerationOptions, resolveOptions } from '../../generation/resolve-options.js';
import type { EncodedPicture } from '../../media/decode.js';
import { MediaProcess } from '../../media/media-process.js';
import { unlessAborted } from '../../unless-aborted.js';
import {
  type PreparedMessages,
  preparePictures,
  requireQuestion,
  storedLimits,
} from '../picture-sources.js';
import type {
  GenerateCallOptions,
  ModelCallOptions,
  ModelCapabilities,
  ModelInfo,
  TokenCount,
  VisionLanguageModel,
} from '../vision-language-model.js';
import {
  bodyFor,
  type CompletionRequest,
  isPossible,
  toCompletionMessages,
  toolMessages,
} from './completion-request.js';
import { type AnswerBounds, streamCompletion } from './completion-stream.js';
import { GrowingAnswer } from './growing-answer.js';
import { type ModelServer, modelServerSchema } from './model-server.js';
import { adjustmentFor, refusedOption } from './request-form.js';
import { ServerFailure } from './server-failure.js';
import { ServerPool, type Turn } from './server-pool.js';
import { estimateTokens, type TokenEstimate } from './token-estimate.js';

/** Options of {@link createServerModel}. */
export interface ServerModelOptions {
  /** One, or several that answer alike: the first that works is asked. */
  servers: readonly ModelServer[];
  /**
   * Most tokens of prompt and answer, as the server was started. Default 8,192, or what a server says
   * where that is less.
   */
  contextLengthTokens?: number;
  /** Whether the model there takes pictures. Default what the server says, and that it does where it says nothing. */
  images?: boolean;
  /** No side of a picture is longer; larger ones are made smaller. Default 1,536. */
  longestEdgePx?: number;
  /** Pixels that one token stands for, to estimate what a picture costs. Default 784, which is 28 × 28. */
  pixelsPerToken?: number;
  /** Whether the model there can call tools, as it was started; vLLM needs `--enable-auto-tool-choice`. Default true. */
  tools?: boolean;
  /** Most frames of an animation that the model sees. Default 4. */
  maxFrames?: number;
  /** Further tries on each server when it fails. Default 2. */
  maxRetries?: number;
  /** Longest wait for the beginning of an answer. Default 120 s. */
  firstTextTimeoutMs?: number;
  /** Longest wait in the middle of an answer. Default 30 s. */
  nextTextTimeoutMs?: number;
  /** Longest time for a whole answer, from the question to its end. Default 900 s. */
  answerTimeoutMs?: number;
  /**
   * Special tokens of the model there besides the usual ones (`<|…|>`, `<image>`, `[INST]`, `</s>` and the
   * like), such as `<my_turn>`; `…` in one stands for a name. In texts they are neutralised. Default none.
   */
  specialTokens?: readonly string[];
}

const optionsSchema = z.strictObject({
  servers: z.array(modelServerSchema).min(1),
  contextLengthTokens: z.number().int().positive().optional(),
  images: z.boolean().optional(),
  longestEdgePx: z.number().int().min(32).default(1536),
  pixelsPerToken: z.number().positive().default(784),
  tools: z.boolean().default(true),
  maxFrames: z.number().int().positive().default(4),
  maxRetries: z.number().int().nonnegative().default(2),
  firstTextTimeoutMs: z.number().positive().default(120_000),
  nextTextTimeoutMs: z.number().positive().default(30_000),
  answerTimeoutMs: z.number().positive().max(maxTimerMs).default(900_000),
  specialTokens: z.array(z.string().min(2)).default([]),
});
type CheckedOptions = z.output<typeof optionsSchema>;

/**
 * A model on servers of the operator that speak OpenAI's chat completions: vLLM, llama.cpp, Ollama,
 * LM Studio, OpenAI. Pictures are decoded and encoded anew in the media process and sent as data
 * URIs. A server that fails is tried again with growing pauses, as its `Retry-After` says, or the
 * next one is asked; an answer that broke off begins again after the event `restart`.
 *
 * Nothing is sent before the first question. Before the first picture a server is asked what its model
 * can do; one that says that it takes no pictures is sent none. Tokens are estimated, since servers agree on no way to
 * count them. Throws `option.invalid`.
 */
export function createServerModel(options: ServerModelOptions): VisionLanguageModel {
  const parsed = optionsSchema.safeParse(options);
  if (parsed.success) return new ServerModel(parsed.data);
  const [issue] = parsed.error.issues;
  throw new VistazoError(
    'option.invalid',
    `The option ${issue?.path.join('.')} of the model's server is not valid: ${issue?.message}.`,
  );
}

/** Scopes whose salts are known; one that is called again after more others begins anew on the server. */
const maxSalts = 10_000;
/** Longer prompts take long on most machines. */
const usualContextLengthTokens = 8192;
/** As many as vLLM advises. */
const saltBytes = 32;
/** Of a stream besides the answer, and for each token of it: the JSON around it, and thoughts. */
const spareBytes = 2 ** 20;
const maxBytesPerToken = 4096;

class ServerModel implements VisionLanguageModel {
  readonly info: ModelInfo;
  readonly #options: CheckedOptions;
  readonly #pool: ServerPool;
  readonly #media = new MediaProcess();
  /**
   * By scope. Random, so that no server learns of tenants, and nobody else who asks it can guess one.
   */
  readonly #salts = new BoundedCache<string>(maxSalts, () => 1);

  constructor(options: CheckedOptions) {
    this.#options = options;
    this.#pool = new ServerPool(options.servers, options);
    const capabilities = () => this.#capabilities;
    this.info = {
      id: options.servers[0]?.model ?? '',
      variant: 'server',
      runs: 'server',
      get capabilities() {
        return capabilities();
      },
    };
  }

  /** As the servers say, and as the options say where they do not; one that can is enough. */
  get #capabilities(): ModelCapabilities {
    const { contextLengthTokens, images, tools } = this.#options;
    const facts = this.#pool.facts;
    const lengths = facts.flatMap((each) => each.contextLengthTokens ?? []);
    return {
      contextLengthTokens: contextLengthTokens ?? Math.min(usualContextLengthTokens, ...lengths),
      images: images ?? facts.some((each) => each.images !== false),
      tools: tools && facts.some((each) => each.tools !== false),
      exactTokenCounts: false,
    };
  }

  async refreshInfo({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    await unlessAborted(this.#pool.refreshFacts(), signal);
  }

  async countTokens(
    messages: readonly ChatMessage[],
    call: ModelCallOptions = {},
  ): Promise<TokenCount> {
    const { maxFrames } = this.#options;
    const prepared = await preparePictures(
      parseChatMessages(messages),
      async ({ id, ref, bytes }) => {
        const { frames, ...size } =
          ref ??
          (await this.#media.inspect(await bytes(), mediaOptions(id !== undefined, call.signal)));
        return Array.from({ length: Math.min(frames, maxFrames) }, () => size);
      },
      call,
    );
    return estimateTokens(prepared, this.#options);
  }

  async *generate(
    messages: readonly ChatMessage[],
    {
      signal,
      resolvePicture,
      describePicture: _,
      cacheScope = '',
      tools,
      ...given
    }: GenerationOptions & GenerateCallOptions = {},
  ): AsyncGenerator<GenerationEvent> {
    if (tools !== undefined && !this.#options.tools) throw noTools();
    const asGiven = parseGenerationOptions(given);
    const options = resolveOptions(asGiven, {});
    const { specialTokens } = this.#options;
    const deadline = deadlineSignal(options.deadlineMs);
    const stop = AbortSignal.any(signal === undefined ? [deadline] : [signal, deadline]);
    const answer = new GrowingAnswer({
      maxNewTokens: options.maxNewTokens,
      stopStrings: options.stopStrings,
      tools: tools?.mayCall ? tools.offered.map(({ name }) => name) : undefined,
    });
    try {
      const prepared = await this.#prepare(parseChatMessages(messages), {
        signal: stop,
        ...(resolvePicture !== undefined && { resolvePicture }),
      });
      requireQuestion(prepared);
      const called = tools === undefined ? [] : toolMessages(tools, specialTokens);
      const cacheSalt = cacheScope === '' ? undefined : this.#saltOf(cacheScope);
      const asked = [...toCompletionMessages(prepared, specialTokens), ...called];
      const request = { messages: asked, options, given: asGiven, tools, cacheSalt };
      // An option that one of them cannot honour is said before any is asked.
      for (const server of this.#options.servers) bodyFor(server, request);
      yield answer.begin(estimateTokens(prepared, this.#options), seen(prepared, this.#options));
      yield* this.#ask(request, answer, stop);
    } catch (error) {
      if (!stop.aborted) throw error;
      answer.finishReason = signal?.aborted ? 'aborted' : 'deadline';
    }
    if (answer.calls.length > 0) yield { type: 'toolCalls', calls: answer.calls };
    yield answer.end();
  }

  async *#ask(
    request: CompletionRequest,
    answer: GrowingAnswer,
    signal: AbortSignal,
  ): AsyncGenerator<GenerationEvent> {
    for await (const turn of this.#pool.turns(signal)) {
      try {
        yield* this.#follow(turn, request, answer, signal);
        if (!answer.isWhole) throw new ServerFailure('cutOff');
        turn.succeeded();
        return;
      } catch (error) {
        if (!(error instanceof ServerFailure)) throw error;
        if (answer.isWhole) return turn.succeeded();
        turn.failed(error);
        if (answer.forget()) yield { type: 'restart' };
      }
    }
  }

  /** Asks one server, again in another form as long as it refuses parts of the request that can be changed. */
  async *#follow(
    { server, form, facts }: Turn,
    request: CompletionRequest,
    answer: GrowingAnswer,
    signal: AbortSignal,
  ): AsyncGenerator<GenerationEvent> {
    if (hasPictures(request) && this.#options.images === undefined) {
      await unlessAborted(facts.refresh(), signal);
      if (facts.latest.images === false) throw new ServerFailure('noPictures');
    }
    for (;;) {
      const body = bodyFor(server, request, form);
      try {
        for await (const piece of streamCompletion(server, body, this.#bounds(request), signal)) {
          yield* answer.take(piece);
          if (answer.isFull) return;
        }
        return;
      } catch (cause) {
        if (!(cause instanceof ServerFailure) || cause.error === undefined) throw cause;
        if (cause.reason !== 'refused' || answer.hasBegun) throw cause;
        const { error } = cause;
        const adjustment = adjustmentFor(error, (each) => isPossible(request, form, each));
        const option = refusedOption(error, request.given);
        if (adjustment !== undefined) form.add(adjustment);
        else
          throw option === undefined
            ? cause
            : new ServerFailure('optionRefused', { cause, option });
      }
    }
  }

  #bounds({ options }: CompletionRequest): AnswerBounds {
    const { firstTextTimeoutMs, nextTextTimeoutMs, answerTimeoutMs } = this.#options;
    return {
      firstPieceMs: firstTextTimeoutMs,
      nextPieceMs: nextTextTimeoutMs,
      wholeMs: answerTimeoutMs,
      maxBytes: spareBytes + maxBytesPerToken * options.maxNewTokens,
    };
  }

  #prepare(
    messages: readonly ChatMessage[],
    call: ModelCallOptions,
  ): Promise<PreparedMessages<EncodedPicture>> {
    const { maxFrames, longestEdgePx } = this.#options;
    return preparePictures(
      messages,
      async ({ id, bytes }) =>
        this.#media.encodeFrames(await bytes(), {
          maxFrames,
          longestEdgePx,
          ...mediaOptions(id !== undefined, call.signal),
        }),
      call,
    );
  }

  /** Whether any server need not be left alone after a failure. */
  isReady(): boolean {
    return this.#pool.hasReady;
  }

  #saltOf(cacheScope: string): string {
    const known = this.#salts.get(cacheScope);
    if (known !== undefined) return known;
    const salt = randomBytes(saltBytes).toString('base64url');
    this.#salts.set(cacheScope, salt);
    return salt;
  }

  /** What servers keep cannot be dropped from here, but with another salt it is found no more. */
  async forget(cacheScope: string): Promise<void> {
    this.#salts.delete(cacheScope);
  }

  async close(): Promise<void> {
    await this.#media.close();
  }
}

function hasPictures({ messages }: CompletionRequest): boolean {
  return messages.some(
    ({ content }) =>
      typeof content !== 'string' && content.some(({ type }) => type === 'image_url'),
  );
}

function noTools(): VistazoError {
  return new VistazoError(
    'option.unsupported',
    'The model on the server was said to call no tools; leave them out, or set `tools` to true.',
  );
}

function mediaOptions(stored: boolean, signal: AbortSignal | undefined) {
  return { ...(stored && { limits: storedLimits }), ...(signal !== undefined && { signal }) };
}

function seen(
  { messages, pictures }: PreparedMessages<EncodedPicture>,
  estimate: TokenEstimate,
): SeenPicture[] {
  const places = messages.flatMap(({ content }, messageIndex) =>
    content.filter(({ type }) => type === 'image').map(() => messageIndex),
  );
  return pictures.map(({ widthPx, heightPx }, index) => ({
    messageIndex: places[index] ?? 0,
    widthPx,
    heightPx,
    tiles: 1,
    fullTiles: 1,
    tokens: Math.ceil((widthPx * heightPx) / estimate.pixelsPerToken),
  }));
}
