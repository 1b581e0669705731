import type {
  FinishReason,
  ModelInfo,
  SeenPicture,
  Timings,
  Usage,
} from '../backend/vision-language-model.js';
import type { ImageId } from '../conversation/chat-message.js';
import type { LeftOut } from '../conversation/context-plan.js';
import type { ConversationId, MessageId, PictureProvenance } from '../conversation/message.js';
import type {
  MessageStatus,
  Rating,
  SeenContext,
  StoredError,
} from '../store/conversation-store.js';

/** A conversation in a list. */
export interface ConversationSummary {
  id: ConversationId;
  /** The beginning of the first question; empty before it. */
  title: string;
  createdAtMs: number;
  updatedAtMs: number;
  /** Whether its people agreed that models may learn from it; false until they do. */
  consent: boolean;
}

/** A picture of a shown message; {@link ChatService.picture} gives its bytes. */
export interface ShownPicture {
  id: ImageId;
  widthPx: number;
  heightPx: number;
  provenance: PictureProvenance;
}

/** A message of the shown branch. */
export interface ShownMessage {
  id: MessageId;
  role: 'user' | 'assistant';
  text: string;
  pictures: ShownPicture[];
  createdAtMs: number;
  status: MessageStatus;
  /** Only when `status` is `failed`. */
  error?: StoredError;
  rating?: Rating;
  /** What the model saw; only of answers that reached it. */
  seen?: SeenContext;
  /** Ids of the versions of this message, itself included, oldest first. */
  versions: MessageId[];
}

/** A question that is stored for good and waits for its turn. */
export interface WaitingQuestion {
  /** Id that its answer will have. */
  answerId: MessageId;
  /** Empty where it is another answer that is asked for. */
  text: string;
  /** How many files it brings. */
  fileCount: number;
}

/** A conversation with its shown branch, oldest message first. */
export interface ShownConversation extends ConversationSummary {
  messages: ShownMessage[];
  /** Questions that come after these messages, also those that an earlier process accepted. Oldest first. */
  waiting: WaitingQuestion[];
}

/** A picture that comes in with a message. */
export interface NewPicture {
  bytes: Uint8Array;
  /** File name it was posted with, if any. */
  name?: string;
  /** Address it was fetched from, if any. */
  url?: string;
}

/** A message that comes in. */
export interface NewMessage {
  /** May be empty when there are pictures. */
  text: string;
  /** Default none. */
  pictures?: readonly NewPicture[];
  /** Who says it, as the platform names people. Default `user`. */
  author?: string;
  /** When it was posted, in milliseconds since 1970. Default now. */
  postedAtMs?: number;
}

/** Options of the calls that make an answer. */
export interface AnswerOptions {
  /** Stops the answer, as {@link ChatService.stop} does. */
  signal?: AbortSignal;
}

/**
 * What happens while an answer is made: at most one `waiting`, one `accepted`, then `prompt`, `text`… and at last one
 * `end` or `failed`.
 */
export type ChatEvent =
  /** The question is stored for good, and waits for its turn. Absent where its turn came at once. */
  | { type: 'waiting'; conversationId: ConversationId }
  /** Question, pictures and the empty answer are stored for good. `question` is absent on regenerate. */
  | {
      type: 'accepted';
      conversationId: ConversationId;
      question?: ShownMessage;
      answer: ShownMessage;
    }
  | {
      type: 'prompt';
      pictures: SeenPicture[];
      promptTokens: number;
      imageTokens: number;
      /** What did not fit into the context; empty when everything did. */
      leftOut: LeftOut[];
    }
  /** The engine died and the answer starts again: forget the text so far. */
  | { type: 'restart' }
  | { type: 'text'; text: string }
  | {
      type: 'end';
      /** As it is stored: status `done`, or `stopped` with the text so far. */
      answer: ShownMessage;
      finishReason: FinishReason;
      text: string;
      /** These two are absent when the answer was stopped before the model began. */
      usage?: Usage;
      timings?: Timings;
    }
  /** The answer is stored as failed, with the text so far; the conversation goes on. */
  | { type: 'failed'; error: StoredError; answer: ShownMessage };

/**
 * What an adapter drives. Answers are made one at a time in each conversation; a second one waits.
 *
 * `send`, `edit` and `regenerate` start at once and go on when nobody reads their events any more;
 * only `stop` and the signal end them. When the message cannot be accepted (`chat.empty`,
 * `picture.corrupt`, `store.notFound`, …) nothing is stored and the iteration throws a
 * VistazoError before `accepted`; afterwards failures come as the event `failed`.
 */
export interface ChatService {
  /** Which model answers. */
  readonly model: ModelInfo;
  /** Newest change first. */
  listConversations(): Promise<ConversationSummary[]>;
  createConversation(options?: { systemMessage?: string }): Promise<ConversationSummary>;
  /** Throws `store.notFound`, as all that follow. */
  getConversation(id: ConversationId): Promise<ShownConversation>;
  renameConversation(id: ConversationId, title: string): Promise<void>;
  /** Keeps whether its people agree that models may learn from it, as an export can demand. */
  setConsent(id: ConversationId, consent: boolean): Promise<void>;
  /** Stops its answer and deletes it, and the pictures that no other conversation uses. */
  deleteConversation(id: ConversationId): Promise<void>;
  /**
   * Creates a conversation with its first message and answers it, as `send` does. A message that is not accepted leaves
   * no conversation.
   */
  begin(
    message: NewMessage,
    options?: AnswerOptions,
  ): { id: ConversationId; events: AsyncIterable<ChatEvent> };
  /** Adds a message to the shown branch and answers it. */
  send(id: ConversationId, message: NewMessage, options?: AnswerOptions): AsyncIterable<ChatEvent>;
  /** Makes another version of an answer, from the same question, and shows it. */
  regenerate(
    id: ConversationId,
    answerId: MessageId,
    options?: AnswerOptions,
  ): AsyncIterable<ChatEvent>;
  /**
   * Makes another version of a user's message, which keeps its pictures, shows it and answers it.
   * What followed the old version stays with it.
   */
  edit(
    id: ConversationId,
    messageId: MessageId,
    change: { text: string },
    options?: AnswerOptions,
  ): AsyncIterable<ChatEvent>;
  /** Shows the branch of this version, up to its newest message. */
  show(id: ConversationId, messageId: MessageId): Promise<void>;
  /** Deletes a message and all that follows it; its other versions stay. */
  deleteMessage(id: ConversationId, messageId: MessageId): Promise<void>;
  /** Rates an answer; null takes the rating back. */
  rate(id: ConversationId, messageId: MessageId, rating: Rating | null): Promise<void>;
  /**
   * Stops the answer that runs or comes next, and keeps its text so far; nothing happens when there is none. Resolves
   * when it is stored; where another process makes it, when that one is told.
   */
  stop(id: ConversationId): Promise<void>;
  /**
   * The events of the running answer from its beginning, for a page that was loaded anew. Undefined when none runs in
   * this process: then what `getConversation` gives as `running` or `waiting` goes on elsewhere, or begins soon.
   */
  follow(id: ConversationId): AsyncIterable<ChatEvent> | undefined;
  /** Bytes of a stored picture. Throws `picture.missing`. */
  picture(id: ImageId): Promise<{ bytes: Uint8Array; mediaType: string }>;
  /** Stops every answer, keeping texts so far. Closes neither the model nor the store. */
  close(): Promise<void>;
}
