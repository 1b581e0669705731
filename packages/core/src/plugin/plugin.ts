import type { z } from 'zod';
import type { PluginStorage } from '../store/plugin-storage.js';
import type { Logger } from '../telemetry/log.js';
import type { PluginMetrics } from '../telemetry/plugin-metrics.js';
import type { CommandDefinition, OptionsSchema } from './command.js';
import type { FeedbackContext } from './feedback.js';
import type { ForgetContext } from './forgetting.js';
import type { MessagePicture, PluginMessage } from './plugin-message.js';
import type { RedactedPicture } from './redacted-picture.js';
import type { Reply, ReplyOptions } from './reply-options.js';
import type { RouteHandler, RouteMethod } from './route.js';
import type { ScheduleDefinition } from './schedule.js';
import type { ToolDefinition } from './tool.js';

/** A message on its way to the model, as middleware sees it. */
export interface MessageContext<Config = unknown> extends PluginMessage<Config> {
  /** Sentences that are put to the model before the conversation, after the bot's own system message. */
  readonly instructions: string[];
  /** Answers in place of the model; the first reply counts. */
  reply: Reply;
}

/** An answer on its way to the person, as middleware sees it. */
export interface AnswerContext<Config = unknown> {
  readonly message: PluginMessage<Config>;
  /** What is posted; may be changed. It is made harmless afterwards. */
  text: string;
  readonly signal: AbortSignal;
}

/** Does something before and after what comes next; a second `next()` throws. */
export type Middleware<Context> = (context: Context, next: () => Promise<void>) => Promise<void>;

/** Which messages a middleware is for. */
export interface MessageFilters<Config> {
  /** Those with a picture that can be looked at. */
  pictures: MessageContext<Config> & {
    readonly pictures: readonly [MessagePicture, ...MessagePicture[]];
  };
  /** Those with a text that is not blank. */
  text: MessageContext<Config>;
}

/** A picture that a plugin announces. */
export interface AnnouncedPicture {
  /** What `redacted` of a picture gave; nothing else is posted. */
  picture: RedactedPicture;
  /** File name, of letters, digits and `. _ -`, at most 100. Default `picture-1.png` and so on. */
  name?: string;
  /** For people who do not see it, 1 to 1,000 characters. */
  description: string;
}

/** What a plugin says to a conversation unasked. */
export interface Announcement extends ReplyOptions {
  /** Name of the adapter. */
  adapter: string;
  tenant: string;
  conversationKey: string;
  text: string;
  /**
   * Shown below it, at most 10. Where the platform can show none, or not so many or so large ones, the text ends with a
   * sentence that says so. Throws `option.invalid` for others than `redacted` gave. Default none.
   */
  pictures?: readonly AnnouncedPicture[];
  /** What is announced with the same key is announced once, within the two days that keys are known. */
  key: string;
}

/** What a plugin can do in its `setup`. */
export interface PluginContext<Config> {
  /** As its schema made it; a message brings its tenant's. */
  readonly config: Config;
  /** Sees messages before the model does, in the order of the plugins; with a filter only some of them. */
  onMessage(middleware: Middleware<MessageContext<Config>>): void;
  onMessage<Filter extends keyof MessageFilters<Config>>(
    filter: Filter,
    middleware: Middleware<MessageFilters<Config>[Filter]>,
  ): void;
  /** Sees answers before they are posted, the last plugin first. */
  onAnswer(middleware: Middleware<AnswerContext<Config>>): void;
  /** Told what people think of answers. */
  onFeedback(handler: (feedback: FeedbackContext<Config>) => Promise<void>): void;
  /**
   * Told what is to be forgotten, to delete what the plugin keeps of it; whoever asked is told when that
   * fails. A plugin that keeps something of people without it is one that cannot forget.
   */
  onForget(handler: (forgetting: ForgetContext<Config>) => Promise<void>): void;
  /** A command that people can call, wherever the bot is. Throws `plugin.invalid`. */
  command<Schema extends OptionsSchema>(definition: CommandDefinition<Schema, Config>): void;
  /** Something that the model may do, where it can and the bot's policy allows it. Throws `plugin.invalid`. */
  tool<Schema extends z.ZodObject>(definition: ToolDefinition<Schema, Config>): void;
  /** Something that the model is told whenever it is asked, after the bot's own system message. */
  prompt(
    contribution:
      | string
      | ((message: PluginMessage<Config>) => string | undefined | Promise<string | undefined>),
  ): void;
  /** Work that is done at its times, in one process of those that share the store. Throws `plugin.invalid`. */
  schedule(definition: ScheduleDefinition): void;
  /** Answers requests to `/plugins/{name}{path}` of the bot's HTTP handler. Throws `plugin.invalid`. */
  route(method: RouteMethod, path: string, handler: RouteHandler): void;
  /** Posts something that is no answer; stored when it resolves, and posted once. */
  announce(announcement: Announcement): Promise<void>;
  /** Its values in a tenant. */
  storage(tenant: string): PluginStorage;
  /** Writes to the bot's log, with the plugin's name. What people wrote does not belong there. */
  readonly log: Logger;
  /** Its own metrics, beside those of the bot. */
  readonly metrics: PluginMetrics;
  /** The time in milliseconds since 1970, by the clock of the bot, which a test can set. */
  nowMs(): number;
  /** Runs when the bot starts; what it returns runs when the bot stops. */
  onStart(start: () => Promise<(() => Promise<void>) | undefined>): void;
}

/** Where a plugin lives. */
export type PluginPlace =
  /** In the bot's process, with all of its rights. */
  | { isolated?: false }
  /**
   * In a process of its own, which can read its folder and packages, and nothing else of the disk, starts
   * no processes and loads no native code, and has no variables of the environment; it can use the
   * network. It is killed when it hangs, and started again.
   */
  | {
      isolated: true;
      /** `import.meta.url` of the module whose default export is what `definePlugin` gave. */
      module: string;
    };

/** What {@link definePlugin} takes. */
export type PluginDefinition<Schema extends z.ZodType> = PluginBasics<Schema> & PluginPlace;

/** See {@link PluginDefinition}. */
export interface PluginBasics<Schema extends z.ZodType> {
  /** Small letters, digits and hyphens; part of every key it stores. */
  name: string;
  version: string;
  /** What its configuration must be. */
  config: Schema;
  /** Names of plugins that must be there, and come before it. Default none. */
  dependsOn?: readonly string[];
  setup(context: PluginContext<z.output<Schema>>): void | Promise<void>;
}
