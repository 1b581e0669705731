import type { z } from 'zod';
import type { MessageEvent } from '../adapter/platform-event.js';
import type { PluginStorage } from '../store/plugin-storage.js';

/** A message on its way to the model, as middleware sees it. */
export interface MessageContext {
  readonly tenant: string;
  readonly adapter: string;
  readonly conversationKey: string;
  readonly author: MessageEvent['author'];
  /** What the person wrote, as platforms gave it. */
  readonly text: string;
  /** How many files came with it. */
  readonly attachments: number;
  /** Sentences that are put to the model before the conversation, after the bot's own system message. */
  readonly instructions: string[];
  /** Answers in place of the model; the first reply counts. */
  reply(text: string): void;
  /** Aborted when the message is changed or deleted, or the bot stops. */
  readonly signal: AbortSignal;
}

/** An answer on its way to the person, as middleware sees it. */
export interface AnswerContext {
  readonly message: Omit<MessageContext, 'reply' | 'instructions' | 'signal'>;
  /** What is posted; may be changed. It is made harmless afterwards. */
  text: string;
  readonly signal: AbortSignal;
}

/** Does something before and after what comes next; a second `next()` throws. */
export type Middleware<Context> = (context: Context, next: () => Promise<void>) => Promise<void>;

/** What a plugin can do in its `setup`. */
export interface PluginContext<Config> {
  /** As its schema made it. */
  readonly config: Config;
  /** Sees messages before the model does, in the order of the plugins. */
  onMessage(middleware: Middleware<MessageContext>): void;
  /** Sees answers before they are posted, the last plugin first. */
  onAnswer(middleware: Middleware<AnswerContext>): void;
  /** Its values in a tenant. */
  storage(tenant: string): PluginStorage;
  /** Runs when the bot starts; what it returns runs when the bot stops. */
  onStart(start: () => Promise<(() => Promise<void>) | undefined>): void;
}

/** What {@link definePlugin} takes. */
export interface PluginDefinition<Schema extends z.ZodType> {
  /** Small letters, digits and hyphens; part of every key it stores. */
  name: string;
  version: string;
  /** What its configuration must be. */
  config: Schema;
  /** Names of plugins that must be there, and come before it. Default none. */
  dependsOn?: readonly string[];
  setup(context: PluginContext<z.output<Schema>>): void | Promise<void>;
}
