import type {
  FinishReason,
  SeenPicture,
  Timings,
  Usage,
} from '../backend/vision-language-model.js';
import type { ImageId } from '../conversation/chat-message.js';
import type { LeftOut } from '../conversation/context-plan.js';
import type { ConversationId, Message, MessageId, Person } from '../conversation/message.js';
import type { ErrorCode } from '../errors.js';

/** How far an answer is. A user's message is always `done`. */
export type MessageStatus = 'running' | 'done' | 'stopped' | 'failed';

/** What a person thinks of an answer. */
export type Rating = 'up' | 'down';

/** What the model saw before an answer, and what the answer took. */
export interface SeenContext {
  pictures: SeenPicture[];
  promptTokens: number;
  /** Tokens of the pictures, of `promptTokens`. */
  imageTokens: number;
  /** What did not fit into the context. */
  leftOut: LeftOut[];
  /** A sentence for each file that could not be used, or of which only a part is looked at. Absent for none. */
  notes?: readonly string[];
  /** The last three are there once the answer has ended. */
  finishReason?: FinishReason;
  usage?: Usage;
  timings?: Timings;
}

/** A failure as it is stored and sent: a documented code and a sentence. */
export interface StoredError {
  code: ErrorCode;
  message: string;
}

/** A message as it is stored. */
export interface StoredMessage extends Message {
  /** Whose it is: who wrote it, or whom it answers; absent where that was not kept. */
  person?: Person;
  status: MessageStatus;
  /** Only of a `failed` answer. */
  error?: StoredError;
  /** Only of answers that a person rated. */
  rating?: Rating;
  /** Only of answers that reached the model. */
  seen?: SeenContext;
}

/** A conversation without its messages. */
export interface ConversationRecord {
  id: ConversationId;
  /** Empty until the first question. */
  title: string;
  systemMessage: string | null;
  /** The last message of the shown branch; null when there is none. */
  shownLeaf: MessageId | null;
  createdAtMs: number;
  /** Last time something was added or changed. */
  updatedAtMs: number;
  /** When its people agreed that models may learn from it; null when they did not. */
  consentedAtMs: number | null;
  /** Whether one person alone sees it, in a place where others have a conversation of their own. Default false. */
  isPrivate?: boolean;
}

/** A picture to be kept; `id` is the SHA-256 of `bytes`. */
export interface PictureRecord {
  id: ImageId;
  bytes: Uint8Array;
  mediaType: string;
  widthPx: number;
  heightPx: number;
  /** 1 for a still picture; absent where that is not known. */
  frames?: number;
}

/** What is added to a conversation in one transaction. */
export interface Addition {
  pictures: readonly PictureRecord[];
  /** In order; a later one may have an earlier one as its parent. */
  messages: readonly StoredMessage[];
  shownLeaf: MessageId;
  /** Replaces the title when given. */
  title?: string;
}

/** What changes of an answer while it is made and when it has ended. */
export interface AnswerChange {
  text?: string;
  status?: MessageStatus;
  error?: StoredError;
  seen?: SeenContext;
}

/** What is taken away from a conversation in one transaction. */
export interface Removal {
  messages: readonly MessageId[];
  shownLeaf: MessageId | null;
}

/**
 * Where conversations are kept. A promise that resolved is durable: what it wrote survives the
 * death of the process. Every method throws `store.failed` when the database cannot be used, and
 * `store.notFound` when the conversation or message does not exist.
 */
export interface ConversationStore {
  /** Newest change first. */
  listConversations(): Promise<ConversationRecord[]>;
  createConversation(conversation: ConversationRecord): Promise<void>;
  getConversation(id: ConversationId): Promise<ConversationRecord>;
  /** Every branch, in the order in which they were added. */
  messagesOf(id: ConversationId): Promise<StoredMessage[]>;
  renameConversation(id: ConversationId, title: string): Promise<void>;
  /** Null takes the consent back. */
  setConsent(id: ConversationId, consentedAtMs: number | null): Promise<void>;
  /** Deletes it with its messages, and the pictures that no other message refers to. */
  deleteConversation(id: ConversationId): Promise<void>;
  add(id: ConversationId, addition: Addition): Promise<void>;
  changeAnswer(id: ConversationId, messageId: MessageId, change: AnswerChange): Promise<void>;
  rate(id: ConversationId, messageId: MessageId, rating: Rating | null): Promise<void>;
  show(id: ConversationId, shownLeaf: MessageId): Promise<void>;
  /** Removes messages, and the pictures that no other message refers to. */
  remove(id: ConversationId, removal: Removal): Promise<void>;
  /**
   * Forgets what messages say and whose they are, with the title that the conversation has of them, and
   * pictures that no other message refers to; the messages keep their places.
   */
  erase(id: ConversationId, messages: readonly MessageId[]): Promise<void>;
  /** Throws `picture.missing`. */
  picture(id: ImageId): Promise<PictureRecord>;
  /** The bytes of {@link picture}; fits `resolvePicture` of a model. */
  pictureBytes(id: ImageId): Promise<Uint8Array>;
}
