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
  /** Whether the small model that comes with Vistazo answers, which people are told. */
  isEmbedded: boolean;
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

/** A question that waits for its turn. */
export interface WireWaiting {
  /** Id that its answer will have. */
  id: string;
  /** Empty where it is another answer that is asked for. */
  text: string;
  fileCount: number;
}

/** A conversation with the messages of its shown branch. */
export interface WireConversation extends WireSummary {
  messages: WireMessage[];
  /** Questions that come after these messages, oldest first. */
  waiting: WireWaiting[];
}

/** A failure: a documented code and one sentence. */
export type WireError = Pick<ErrorJson, 'message' | 'picture'> & { code: string };

/** What the server streams while an answer is made, as server-sent events. */
export type WireEvent =
  /** The question is stored and waits for its turn. */
  | { type: 'waiting'; conversation: WireConversation }
  /** It is its turn: question and empty answer are in the conversation. */
  | { type: 'accepted'; conversation: WireConversation }
  | { type: 'prompt'; seen: WireSeen }
  | { type: 'restart' }
  | { type: 'text'; text: string }
  | { type: 'end'; conversation: WireConversation }
  /** Without a conversation nothing was accepted. */
  | { type: 'failed'; error: WireError; conversation?: WireConversation };
