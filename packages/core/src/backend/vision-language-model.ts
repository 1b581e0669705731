import type { ChatMessage, ImageId } from '../conversation/chat-message.js';
import type { GenerationEvent } from '../generation/generation-event.js';
import type { GenerationOptions } from '../generation/generation-options.js';
import type { TokenCount } from '../generation/token-count.js';
import type { ToolUse } from '../generation/tool-use.js';

export type {
  FinishReason,
  GenerationEvent,
  SeenPicture,
  Timings,
  Usage,
} from '../generation/generation-event.js';
export type { TokenCount } from '../generation/token-count.js';
export type {
  ToolCall,
  ToolDescription,
  ToolRound,
  ToolUse,
} from '../generation/tool-use.js';

/** What a model and where it runs can do; callers ask these, never a model's name. */
export interface ModelCapabilities {
  /** Most tokens of prompt and answer together. */
  contextLengthTokens: number;
  /** Whether pictures can be sent at all. */
  images: boolean;
  /** Whether it can call tools. */
  tools: boolean;
  /** Whether tokens are counted with the model's own tokenizer; otherwise they are estimated, rather too many. */
  exactTokenCounts: boolean;
}

/** Which model answers. */
export interface ModelInfo {
  /** Hub id or folder name, for people to read. */
  id: string;
  /** Weights in use, such as `fp32` or `q4`; `server` where only the server knows them. */
  variant: string;
  /** Whether pictures and texts stay on this machine or are sent to the operator's server. */
  runs: 'here' | 'server';
  capabilities: ModelCapabilities;
}

/** Gives the bytes of a stored picture. */
export type ResolvePicture = (id: ImageId) => Promise<Uint8Array>;

/** A stored picture without its bytes. */
export interface PictureRef {
  id: ImageId;
  /** Size as people see it. */
  widthPx: number;
  heightPx: number;
  /** 1 for a still picture. */
  frames: number;
}

/** Tells what is known of a stored picture without its bytes; undefined where that is not known. */
export type DescribePicture = (id: ImageId) => PictureRef | undefined;

/** Options of every call of a model. */
export interface ModelCallOptions {
  signal?: AbortSignal;
  /** Reaches the pictures that messages refer to by id; without it they are refused as `picture.missing`. */
  resolvePicture?: ResolvePicture;
  /** Sizes of those pictures, so that counting need not read their bytes. Default: they are read. */
  describePicture?: DescribePicture;
  /**
   * Name of the scope, such as a tenant, whose calls may profit from this one: what is kept of it, such as
   * features of pictures and KV caches, is found by calls of the same scope alone. Default: `''`, the
   * scope of all calls that name none.
   */
  cacheScope?: string;
}

/** Options of {@link VisionLanguageModel.generate} besides those of generation. */
export interface GenerateCallOptions extends ModelCallOptions {
  /** Tools that it may call; `option.unsupported` where it can call none. Default none. */
  tools?: ToolUse;
}

/** Where the model runs: the local ONNX engine, or a server. `bot/` meets inference only here. */
export interface VisionLanguageModel {
  readonly info: ModelInfo;
  /** Whether a question could be answered now, as far as is known without asking. Default: it could. */
  isReady?(): boolean;
  /**
   * Finds out what `info` cannot tell yet, such as what a server says of its model; quick where it is known.
   * Throws nothing but the reason of an aborted `signal`. Absent where `info` never changes.
   */
  refreshInfo?(options?: { signal?: AbortSignal }): Promise<void>;
  /** Counts without running the model. Pictures must be decodable. */
  countTokens(messages: readonly ChatMessage[], options?: ModelCallOptions): Promise<TokenCount>;
  /**
   * Answers `messages`. The iteration throws a VistazoError when the answer fails; an aborted `signal` ends it
   * with an `end` event whose `finishReason` is `aborted`, keeping the text so far.
   */
  generate(
    messages: readonly ChatMessage[],
    options?: GenerationOptions & GenerateCallOptions,
  ): AsyncIterable<GenerationEvent>;
  /**
   * Drops all that is kept of calls of this scope. Answers that are under way go on, and leave nothing
   * behind; calls that begin later keep anew. Absent where nothing is kept.
   */
  forget?(cacheScope: string): Promise<void>;
  /** Ends the processes and frees the memory. */
  close(): Promise<void>;
}
