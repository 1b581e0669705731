import type {
  ErrorJson,
  ModelInfo,
  SeenPicture,
  ShownMessage,
  Timings,
  Usage,
} from '@vistazo/core';

/** What the page is told when it opens. */
export interface WireSession {
  model: Pick<ModelInfo, 'id' | 'variant' | 'runs'>;
  /** Value for `--model` that switches to a larger model; only when the embedded one answers. */
  switchModelTo?: string;
  maxUploadBytes: number;
  maxPictures: number;
}

/** A conversation in the list. */
export interface WireSummary {
  id: string;
  /** Empty until the first question. */
  title: string;
  /** Whether models may learn from it. */
  consent: boolean;
}

/** A picture of a message; its bytes are at `/api/pictures/{id}`. */
export interface WirePicture {
  id: string;
  widthPx: number;
  heightPx: number;
  name?: string;
}

/** What the model saw, and how long it took. */
export interface WireSeen {
  pictures: SeenPicture[];
  usage?: Usage;
  timings?: Timings;
  finishReason?: string;
  /** Sentences about what did not fit into the context. */
  leftOut: string[];
}

/** A message of the branch that is shown. */
export interface WireMessage
  extends Pick<ShownMessage, 'role' | 'text' | 'status' | 'rating' | 'error'> {
  id: string;
  pictures: WirePicture[];
  seen?: WireSeen;
  /** Ids of the versions of this message, itself included, oldest first. */
  versions: string[];
}

/** A conversation with the messages of its shown branch. */
export interface WireConversation extends WireSummary {
  messages: WireMessage[];
}

/** A failure: a documented code and one sentence. */
export type WireError = Pick<ErrorJson, 'message' | 'picture'> & { code: string };

/** What the server streams while an answer is made, as server-sent events. */
export type WireEvent =
  /** The question and the empty answer are stored. */
  | { type: 'accepted'; conversation: WireConversation }
  | { type: 'prompt'; seen: WireSeen }
  | { type: 'restart' }
  | { type: 'text'; text: string }
  | { type: 'end'; conversation: WireConversation }
  /** Without a conversation nothing was accepted. */
  | { type: 'failed'; error: WireError; conversation?: WireConversation };
