import type {
  GenerationEvent,
  ModelInfo,
  ResolvePicture,
  TokenCount,
  ToolCall,
  VisionLanguageModel,
} from '../backend/vision-language-model.js';
import type { ChatMessage, ImageId } from '../conversation/chat-message.js';
import { VistazoError } from '../errors.js';

/** Tokens of a picture. */
const pictureTokens = 50;

/** One answer: its pieces of text, each waiting for `gate` when given; then the error, if any. */
export interface Script {
  /** Said one after the other. */
  pieces: readonly string[];
  /** Awaited before every piece after the first; a function gives one for each. */
  gate?: Promise<void> | ((index: number) => Promise<void>);
  /** Tools that it calls after its pieces, if tools are offered and it may. Default none. */
  toolCalls?: readonly Omit<ToolCall, 'id'>[];
  /** What the answer fails with after its pieces. Default: it ends well. */
  error?: VistazoError;
  /** How sure it says it was, 0 to 1. Default: it does not say. */
  confidence?: number;
  /** Before which piece the answer begins anew, as when the engine died. Default never. */
  restartAfter?: number;
}

type GenerateOptions = Parameters<VisionLanguageModel['generate']>[1];

/**
 * A model that says what a script tells it, and otherwise keeps the rules of the interface: the
 * order of events, token counts that add up, pictures that it really resolves, and an abort that
 * ends the answer with the text so far. A word is a token.
 */
export class ScriptedModel implements VisionLanguageModel {
  readonly info: ModelInfo;
  /** What it was asked, in order. */
  readonly prompts: ChatMessage[][] = [];
  /** With what options, in order. */
  readonly options: GenerateOptions[] = [];
  /** Scopes that it was told to forget, in order. */
  readonly forgotten: string[] = [];
  /** How many answers are under way. */
  running = 0;
  /** The most that were under way at once. */
  mostAtOnce = 0;
  readonly #scripts: Script[];

  /** Answers by the scripts, in order, and `Yes.` after the last; a text is a script of one piece. */
  constructor(
    scripts: readonly (Script | string)[] = [],
    settings: {
      /** Default 10,000. */
      contextLengthTokens?: number;
      /** Whether it takes pictures. Default true. */
      images?: boolean;
      /** Whether it can call tools. Default true. */
      tools?: boolean;
    } = {},
  ) {
    this.#scripts = [];
    this.say(...scripts);
    this.info = {
      id: 'scripted',
      variant: 'fp32',
      runs: 'here',
      capabilities: {
        contextLengthTokens: settings.contextLengthTokens ?? 10_000,
        images: settings.images ?? true,
        tools: settings.tools ?? true,
        exactTokenCounts: true,
      },
    };
  }

  /** Adds scripts after those that it has. */
  say(...scripts: readonly (Script | string)[]): void {
    const added = scripts.map((each) => (typeof each === 'string' ? { pieces: [each] } : each));
    this.#scripts.push(...added);
  }

  async countTokens(messages: readonly ChatMessage[]): Promise<TokenCount> {
    const messageImageTokens = messages.map((each) => picturesIn(each).length * pictureTokens);
    const messageTokens = messages.map(
      (each, index) => 2 + wordsIn(each) + (messageImageTokens[index] ?? 0),
    );
    const totalTokens = messageTokens.reduce((sum, tokens) => sum + tokens, 1);
    return { totalTokens, messageTokens, messageImageTokens };
  }

  async *generate(
    messages: readonly ChatMessage[],
    options: GenerateOptions = {},
  ): AsyncGenerator<GenerationEvent> {
    this.prompts.push([...messages]);
    this.options.push(options);
    this.running += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.running);
    try {
      yield* this.#answer(messages, options);
    } finally {
      this.running -= 1;
    }
  }

  async *#answer(
    messages: readonly ChatMessage[],
    { signal, resolvePicture, tools }: NonNullable<GenerateOptions>,
  ): AsyncGenerator<GenerationEvent> {
    const script = this.#scripts.shift() ?? { pieces: ['Yes', '.'] };
    const { totalTokens, messageImageTokens } = await this.countTokens(messages);
    const imageTokens = messageImageTokens.reduce((sum, tokens) => sum + tokens, 0);
    const pictures = await this.#see(messages, resolvePicture);
    yield { type: 'prompt', pictures, promptTokens: totalTokens, imageTokens };
    let text = '';
    let answerTokens = 0;
    for (const [index, piece] of script.pieces.entries()) {
      if (index > 0) await Promise.race([gateOf(script, index), aborted(signal)]);
      if (signal?.aborted) break;
      if (index === script.restartAfter) {
        text = '';
        yield { type: 'restart' };
      }
      text += piece;
      answerTokens += 1;
      yield { type: 'text', text: piece };
    }
    if (script.error && !signal?.aborted) throw script.error;
    const called = tools?.mayCall && !signal?.aborted ? (script.toolCalls ?? []) : [];
    const round = tools?.rounds.length ?? 0;
    const calls = called.map((call, index) => ({ ...call, id: `call-${round}-${index}` }));
    if (calls.length > 0) yield { type: 'toolCalls', calls };
    const reason = calls.length > 0 ? 'toolCalls' : 'endToken';
    yield {
      type: 'end',
      finishReason: signal?.aborted ? 'aborted' : reason,
      text,
      usage: { promptTokens: totalTokens, imageTokens, reusedTokens: 0, answerTokens },
      timings: {
        queueMs: 0,
        preprocessMs: 1,
        encodeMs: 2,
        timeToFirstTokenMs: 3,
        totalMs: 4,
        tokensPerSecond: 5,
      },
      ...(script.confidence !== undefined && { confidence: script.confidence }),
    };
  }

  async #see(messages: readonly ChatMessage[], resolvePicture: ResolvePicture | undefined) {
    const places = messages.flatMap((message, messageIndex) =>
      picturesIn(message).map((image) => ({ messageIndex, image })),
    );
    for (const { image } of places) await resolvePicture?.(image);
    return places.map(({ messageIndex }) => ({
      messageIndex,
      widthPx: 2,
      heightPx: 3,
      tiles: 1,
      fullTiles: 1,
      tokens: pictureTokens,
    }));
  }

  async forget(cacheScope: string): Promise<void> {
    this.forgotten.push(cacheScope);
  }

  async close(): Promise<void> {}
}

function picturesIn({ content }: ChatMessage): ImageId[] {
  if (typeof content === 'string') return [];
  return content.flatMap((part) => {
    if (part.type !== 'image') return [];
    if (typeof part.image !== 'string' || !part.image.startsWith('sha256:')) {
      throw new VistazoError('chat.invalid', 'The scripted model takes stored pictures only.');
    }
    return [part.image as ImageId];
  });
}

function wordsIn({ content }: ChatMessage): number {
  const texts =
    typeof content === 'string'
      ? [content]
      : content.map((part) => (part.type === 'text' ? part.text : ''));
  return texts.flatMap((text) => text.split(/\s+/).filter(Boolean)).length;
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve();
    signal?.addEventListener('abort', () => resolve(), { once: true });
  });
}

function gateOf({ gate }: Script, index: number): Promise<void> {
  return typeof gate === 'function' ? gate(index) : (gate ?? Promise.resolve());
}
