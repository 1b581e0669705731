import type { MessageEvent } from '../adapter/platform-event.js';
import type { Rating } from '../store/conversation-store.js';
import type { PluginStorage } from '../store/plugin-storage.js';

/** What somebody thinks of an answer. */
export interface SharedFeedback {
  readonly tenant: string;
  readonly adapter: string;
  readonly conversationKey: string;
  /** The message that was answered. */
  readonly messageId: string;
  /** Null when they took it back. */
  readonly rating: Rating | null;
  readonly comment?: string;
  readonly author: MessageEvent['author'];
  /** What was asked and answered; empty where it was deleted. */
  readonly question: string;
  readonly answer: string;
}

/** The same as it is for one plugin. */
export interface FeedbackContext<Config = unknown> extends SharedFeedback {
  readonly config: Config;
  readonly storage: PluginStorage;
}
