import type { ChatMessage } from './chat-message.js';
import type { MessageId } from './message.js';

/** Something of the conversation that the model does not get to see, because it did not fit. */
export interface LeftOut {
  /** `message`: all of it; `pictures`: its text stays, its pictures do not. */
  what: 'message' | 'pictures';
  messageId: MessageId;
  /** How many pictures are left out with it. */
  pictures: number;
  /** What it would have cost. */
  tokens: number;
  /** The same as an English sentence, for people. */
  sentence: string;
}

/** What of a conversation goes to the model. */
export interface ContextPlan {
  messages: ChatMessage[];
  /** Oldest first; empty when everything fits. */
  leftOut: LeftOut[];
  /** Tokens of {@link ContextPlan.messages}, chat template included. */
  promptTokens: number;
}
