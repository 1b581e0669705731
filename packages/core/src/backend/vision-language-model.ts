import type { ChatMessage } from '../conversation/chat-message.js';
import type { GenerationOptions } from '../generation/generation-options.js';

/** What a model and where it runs can do; callers ask these, never a model's name. */
export interface ModelCapabilities {
  /** Most tokens of prompt and answer together. */
  contextLengthTokens: number;
  /** Whether pictures can be sent at all. */
  images: boolean;
}

/** Which model answers. */
export interface ModelInfo {
  /** Hub id or folder name, for people to read. */
  id: string;
  /** Weights in use, such as `fp32` or `q4`. */
  variant: string;
  capabilities: ModelCapabilities;
}

/** What the model saw of one picture (one frame of an animation counts as a picture). */
export interface SeenPicture {
  /** Index of the message in the prompt it stands in, from 0. */
  messageIndex: number;
  widthPx: number;
  heightPx: number;
  /** Tile grid without the global image; 0 × 0 when the picture was not split. */
  gridRows: number;
  gridColumns: number;
  /** Tokens this picture takes up in the prompt, borders included. */
  tokens: number;
}

/** Why an answer ended. */
export type FinishReason = 'endToken' | 'stopString' | 'length' | 'aborted' | 'deadline';

/** Token counts of one answer. */
export interface Usage {
  promptTokens: number;
  imageTokens: number;
  /** Prompt tokens whose KV cache was reused from the turn before. */
  reusedTokens: number;
  answerTokens: number;
}

/** Durations of one answer, in milliseconds. */
export interface Timings {
  /** Waiting for other answers. */
  queueMs: number;
  /** Decoding pictures and making `pixelValues`. */
  preprocessMs: number;
  /** Vision encoder. */
  encodeMs: number;
  /** From the start of work to the first token. */
  timeToFirstTokenMs: number;
  /** From the start of work to the last token. */
  totalMs: number;
  tokensPerSecond: number;
}

/** What happens while an answer is made, in this order: one `prompt`, many `text`, one `end`. */
export type GenerationEvent =
  | { type: 'prompt'; pictures: SeenPicture[]; promptTokens: number; imageTokens: number }
  /** The engine died and the answer starts again: forget the text so far. */
  | { type: 'restart' }
  | { type: 'text'; text: string }
  | { type: 'end'; finishReason: FinishReason; text: string; usage: Usage; timings: Timings };

/** What a prompt costs. */
export interface TokenCount {
  totalTokens: number;
  /** Tokens each message takes, template included, in the order given. */
  messageTokens: number[];
  /** Tokens its pictures take, of {@link messageTokens}. */
  messageImageTokens: number[];
}

/** Where the model runs: the local ONNX engine, or a server. `bot/` meets inference only here. */
export interface VisionLanguageModel {
  readonly info: ModelInfo;
  /** Counts without running the model. Pictures must be decodable. */
  countTokens(messages: readonly ChatMessage[], options?: { signal?: AbortSignal }): Promise<TokenCount>;
  /**
   * Answers `messages`. The iteration throws a VistazoError when the answer fails; an aborted `signal` ends it
   * with an `end` event whose `finishReason` is `aborted`, keeping the text so far.
   */
  generate(
    messages: readonly ChatMessage[],
    options?: GenerationOptions & { signal?: AbortSignal },
  ): AsyncIterable<GenerationEvent>;
  /** Ends the processes and frees the memory. */
  close(): Promise<void>;
}
