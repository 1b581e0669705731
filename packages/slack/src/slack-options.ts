import { type AdapterFiles, VistazoError } from '@vistazo/core';
import { z } from 'zod';
import type { InstallationOptions } from './installations/installations.js';
import type { SlackFeatures } from './manifest/scopes.js';

/** Options of `createSlackAdapter`. */
export interface SlackAdapterOptions {
  /**
   * The bot's token in one workspace (`xoxb-…`), from the page OAuth & Permissions of the app. Either this or
   * `installation`.
   */
  botToken?: string | undefined;
  /** Lets several workspaces install the app. Either this or `botToken`. */
  installation?: InstallationOptions | undefined;
  /**
   * The token of the app (`xapp-…`) with the scope `connections:write`, from the page Basic Information, for Socket
   * Mode. Either this or `signingSecret`.
   */
  appToken?: string | undefined;
  /** Of the page Basic Information, for requests of Slack over HTTP in place of Socket Mode. Either this or `appToken`. */
  signingSecret?: string | undefined;
  /** Where the bot listens over HTTP: for Slack's requests, and for browsers of people who install the app. */
  http?: SlackHttpOptions | undefined;
  /** Stands before the names of slash commands, where a workspace has others of the same names. Default none. */
  commandPrefix?: string | undefined;
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
   * Whether pictures that plugins announce are posted, for which the app needs the scope `files:write`. Default false:
   * a sentence says that they cannot be shown.
   */
  postPictures?: boolean;
  /**
   * How answers grow: by Slack's own streams, in threads and where the workspace has them, or by changes of messages.
   * Default `native`.
   */
  streaming?: 'native' | 'edits';
  /**
   * How old messages may be that are answered after the bot was away, in milliseconds; 0 looks for none. Default
   * 86,400,000, a day.
   */
  catchUpMs?: number;
  /** Told in one sentence what an operator should know. Default: the standard error output. */
  notify?: (sentence: string) => void;
  /** Where files are fetched from. Default: where Slack keeps them; a stand-in for Slack has others. */
  files?: AdapterFiles;
  /** Where Slack's Web API is. Default `https://slack.com/api/`. */
  slackApiUrl?: string;
}

/** Where the bot listens over HTTP. */
export interface SlackHttpOptions {
  /** Default `127.0.0.1`, for a proxy on the same machine that speaks TLS. */
  host?: string | undefined;
  /** Default 3000; 0 takes any that is free. */
  port?: number | undefined;
  /** Where Slack sends events, commands and interactions. Default `/slack/events`. */
  path?: string | undefined;
}

const pathSchema = z.string().regex(/^\/\S*$/, 'is no path, which begins with /');

const installationSchema = z.strictObject({
  clientId: z.string().min(1),
  clientSecret: z.string().min(1),
  publicUrl: z.url(),
  installPath: pathSchema.optional(),
  redirectPath: pathSchema.optional(),
  encryptionKey: z.string().optional(),
  encryptionKeys: z.array(z.string()).readonly().optional(),
});

const httpSchema = z.strictObject({
  host: z.string().min(1).optional(),
  port: z.int().min(0).max(65_535).optional(),
  path: pathSchema.optional(),
});

const optionsSchema = z.strictObject({
  botToken: z
    .string()
    .startsWith('xoxb-', 'is no token of a bot, which begins with xoxb-')
    .optional(),
  installation: installationSchema.optional(),
  appToken: z
    .string()
    .startsWith('xapp-', 'is no token of an app, which begins with xapp-')
    .optional(),
  signingSecret: z.string().min(1).optional(),
  http: httpSchema.optional(),
  commandPrefix: z
    .string()
    .regex(
      /^[a-z0-9_-]{1,20}$/,
      'has other characters than small letters, digits, - and _, or too many',
    )
    .optional(),
  name: z.string().min(1).max(100).default('slack'),
  channels: z
    .array(z.string().regex(/^[CG][A-Z0-9]{5,}$/, 'is no id of a channel, such as C0123456789'))
    .readonly()
    .default([]),
  channelMessages: z.enum(['all', 'files']).default('all'),
  threadReplies: z.boolean().default(true),
  buttons: z.boolean().default(true),
  postPictures: z.boolean().default(false),
  streaming: z.enum(['native', 'edits']).default('native'),
  catchUpMs: z.number().min(0).default(86_400_000),
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
  postPictures,
}: Pick<CheckedOptions, 'channels' | 'threadReplies' | 'postPictures'>): SlackFeatures {
  return {
    hearsChannels: threadReplies || channels.length > 0,
    commands: true,
    assistant: true,
    home: true,
    postsFiles: postPictures,
  };
}

/** Throws `option.invalid`. */
export function checkOptions(options: SlackAdapterOptions): CheckedOptions {
  // A variable of the environment that is empty is not set.
  const parsed = optionsSchema.safeParse({
    ...options,
    botToken: options.botToken || undefined,
    appToken: options.appToken || undefined,
  });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(
      `The option ${issue?.path.join('.') || 'given'} of the Slack adapter: ${issue?.message}.`,
    );
  }
  const { botToken, installation, appToken, signingSecret, http } = parsed.data;
  if (botToken !== undefined && installation !== undefined) throw invalid(oneIdentity);
  if (appToken !== undefined && signingSecret !== undefined) throw invalid(oneConnection);
  if (http !== undefined && signingSecret === undefined && installation === undefined)
    throw invalid(
      'The option http of the Slack adapter is for a signingSecret or installation; in Socket Mode nothing listens, so leave it out.',
    );
  return parsed.data;
}

/** What has to be given before the bot can be on Slack and is not, as sentences. */
export function lackingIn(options: CheckedOptions): string[] {
  const { botToken, installation, appToken, signingSecret } = options;
  return [
    ...(botToken === undefined && installation === undefined ? [oneIdentity] : []),
    ...(appToken === undefined && signingSecret === undefined ? [oneConnection] : []),
  ];
}

const oneIdentity =
  'The Slack adapter takes either a botToken or installation; the token is on the page OAuth & Permissions of your app at https://api.slack.com/apps.';
const oneConnection =
  'The Slack adapter takes either an appToken, for Socket Mode, or a signingSecret, for requests over HTTP; both are on the page Basic Information of your app at https://api.slack.com/apps.';

function invalid(message: string): VistazoError {
  return new VistazoError('option.invalid', message);
}
