import type { ToolCall } from './tool-use.js';

/** What the model saw of one picture (one frame of an animation counts as a picture). */
export interface SeenPicture {
  /** Index of the message in the prompt it stands in, from 0. */
  messageIndex: number;
  widthPx: number;
  heightPx: number;
  /** Parts that the model looked at one by one, the whole picture among them; 1 when it was not cut. */
  tiles: number;
  /** Parts that the model's own rule gives; more than {@link tiles} where a budget allowed fewer. */
  fullTiles: number;
  /** Tokens this picture takes up in the prompt, borders included. */
  tokens: number;
}

/** Why an answer ended. */
export type FinishReason =
  | 'endToken'
  | 'stopString'
  | 'length'
  | 'aborted'
  | 'deadline'
  /** It called tools, and goes on when it is told what came of that. */
  | 'toolCalls';

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

/** What happens while an answer is made, in this order: one `prompt`, many `text`, perhaps one `toolCalls`, one `end`. */
export type GenerationEvent =
  | { type: 'prompt'; pictures: SeenPicture[]; promptTokens: number; imageTokens: number }
  /** The engine died and the answer starts again: forget the text so far. */
  | { type: 'restart' }
  | { type: 'text'; text: string }
  /** Only where tools were offered; `finishReason` is `toolCalls` then. */
  | { type: 'toolCalls'; calls: readonly ToolCall[] }
  | {
      type: 'end';
      finishReason: FinishReason;
      text: string;
      usage: Usage;
      timings: Timings;
      /**
       * How sure the model was of the tokens that it wrote: the geometric mean of their probabilities, 0 to
       * 1. Absent where it is not known, as from servers.
       */
      confidence?: number;
    };
