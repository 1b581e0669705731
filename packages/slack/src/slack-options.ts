import { type AdapterFiles, VistazoError } from '@vistazo/core';
import { z } from 'zod';
import type { SlackFeatures } from './manifest/scopes.js';

/** Options of `createSlackAdapter`. */
export interface SlackAdapterOptions {
  /** The bot's token in one workspace (`xoxb-…`), from the page OAuth & Permissions of the app. */
  botToken?: string | undefined;
  /** The token of the app (`xapp-…`) with the scope `connections:write`, for Socket Mode. */
  appToken?: string | undefined;
  /** Part of every key in the store, so it never changes. Default `slack`. */
  name?: string;
  /** Ids of channels where the bot answers without being mentioned. Default none. */
  channels?: readonly string[];
  /** Which messages it answers in those: every one, or only those that bring a file. Default `all`. */
  channelMessages?: 'all' | 'files';
  /** Whether it answers what is said in a thread where it was asked, without being mentioned again. Default true. */
  threadReplies?: boolean;
  /** Whether answers have buttons: stop, again, good, bad, what did it see. Default true. */
  buttons?: boolean;
  /**
   * How answers grow: by Slack's own streams, in threads and where the workspace has them, or by changes of messages.
   * Default `native`.
   */
  streaming?: 'native' | 'edits';
  /** Told in one sentence what an operator should know. Default: the standard error output. */
  notify?: (sentence: string) => void;
  /** Where files are fetched from. Default: where Slack keeps them; a stand-in for Slack has others. */
  files?: AdapterFiles;
  /** Where Slack's Web API is. Default `https://slack.com/api/`. */
  slackApiUrl?: string;
}

const optionsSchema = z.strictObject({
  botToken: z.string().startsWith('xoxb-', 'is no token of a bot, which begins with xoxb-'),
  appToken: z.string().startsWith('xapp-', 'is no token of an app, which begins with xapp-'),
  name: z.string().min(1).max(100).default('slack'),
  channels: z
    .array(z.string().regex(/^[CG][A-Z0-9]{5,}$/, 'is no id of a channel, such as C0123456789'))
    .readonly()
    .default([]),
  channelMessages: z.enum(['all', 'files']).default('all'),
  threadReplies: z.boolean().default(true),
  buttons: z.boolean().default(true),
  streaming: z.enum(['native', 'edits']).default('native'),
  notify: z
    .custom<(sentence: string) => void>((value) => typeof value === 'function')
    .default(() => (sentence: string) => void process.stderr.write(`${sentence}\n`)),
  files: z.custom<AdapterFiles>((value) => typeof value === 'object').optional(),
  slackApiUrl: z.url().optional(),
});

/** The options with their defaults. */
export type CheckedOptions = z.output<typeof optionsSchema>;

/** What the options make the bot do, as far as Slack has to allow it. */
export function featuresOf({
  channels,
  threadReplies,
}: Pick<CheckedOptions, 'channels' | 'threadReplies'>): SlackFeatures {
  return {
    hearsChannels: threadReplies || channels.length > 0,
    commands: true,
    assistant: true,
    home: true,
    postsFiles: false,
  };
}

/** Throws `option.invalid`. */
export function checkOptions(options: SlackAdapterOptions): CheckedOptions {
  const parsed = optionsSchema.safeParse(options);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new VistazoError(
    'option.invalid',
    `The option ${issue?.path.join('.') || 'given'} of the Slack adapter: ${issue?.message}.`,
  );
}
