import { type AdapterFiles, VistazoError } from '@vistazo/core';
import type { Client, ClientOptions } from 'discord.js';
import { z } from 'zod';

/** Options of `createDiscordAdapter`. */
export interface DiscordAdapterOptions {
  /** Of the bot, from the developer portal. Either this or `client`. */
  token?: string;
  /**
   * A client of your own, which the adapter neither logs in nor destroys; it starts when the client is ready.
   * It needs the intents `Guilds`, `GuildMessages` and `DirectMessages`, and `MessageContent` where that option
   * is true. Commands, buttons and dialogs of your own on it are let be; with `commands` other than null those
   * of the bot take the place of all that the application has there.
   */
  client?: Client;
  /** Part of every key in the store, so it never changes. Default `discord`. */
  name?: string;
  /**
   * Whether the bot has the privileged message content intent. Without it Discord shows it only direct
   * messages, messages that mention it, and commands. Default false.
   */
  messageContent?: boolean;
  /** Ids of channels where the bot answers every message, in their threads too; needs `messageContent`. Default none. */
  channels?: readonly string[];
  /** Whether answers have buttons: stop, again, good, bad, what did it see. Default true. */
  buttons?: boolean;
  /**
   * How answers are posted that are longer than a message of 2,000 characters: in further messages, or as a
   * file with the beginning above it, which needs the permission Attach Files. Default `messages`.
   */
  longAnswers?: 'messages' | 'file';
  /**
   * Whether the answer to a mention in a channel of a server is had in a thread of that message, where what is
   * written later is for the bot too; needs the permission Create Public Threads. Default `never`.
   */
  threads?: 'never' | 'guilds';
  /**
   * Where commands are made known: `global`, in a list of servers by their ids, where they are there at once,
   * or null for nowhere. Default `global`.
   */
  commands?: 'global' | readonly string[] | null;
  /**
   * How long a message with a link is kept back for Discord's preview of it, which comes a moment later.
   * Default 1500; 0 does not wait.
   */
  linkPreviewMs?: number;
  /**
   * How old messages may be that came in while the bot was away and are answered when it is back. It looks in
   * channels where it was asked within the last 30 days, and there for changes and deletions of questions too.
   * Default a day; 0 looks nowhere.
   */
  catchUpMs?: number;
  /** Told in one sentence what an operator should know, such as what the bot will not see. Default: the standard error output. */
  notify?: (sentence: string) => void;
  /** Options of discord.js for the client that the adapter makes, such as `shards` or `rest`; not together with `client`. */
  clientOptions?: Omit<Partial<ClientOptions>, 'intents' | 'partials'>;
  /** Where files are fetched from. Default: where Discord keeps them; a stand-in for Discord has others. */
  files?: AdapterFiles;
}

const id = z
  .string()
  .regex(/^\d{15,21}$/, 'is no id of Discord, which is a number of 15 to 21 digits');

const optionsSchema = z.strictObject({
  token: z.string().min(1).optional(),
  client: z.custom<Client>((value) => typeof value === 'object' && value !== null).optional(),
  name: z.string().min(1).max(100).default('discord'),
  messageContent: z.boolean().default(false),
  channels: z.array(id).readonly().default([]),
  buttons: z.boolean().default(true),
  threads: z.enum(['never', 'guilds']).default('never'),
  longAnswers: z.enum(['messages', 'file']).default('messages'),
  commands: z.union([z.literal('global'), z.array(id).readonly(), z.null()]).default('global'),
  linkPreviewMs: z.number().min(0).max(10_000).default(1500),
  catchUpMs: z.number().min(0).default(86_400_000),
  notify: z
    .custom<(sentence: string) => void>((value) => typeof value === 'function')
    .default(() => (sentence: string) => void process.stderr.write(`${sentence}\n`)),
  clientOptions: z.custom<Partial<ClientOptions>>((value) => typeof value === 'object').optional(),
  files: z.custom<AdapterFiles>((value) => typeof value === 'object').optional(),
});

/** The options with their defaults. */
export type CheckedOptions = z.output<typeof optionsSchema>;

/** Throws `option.invalid`. */
export function checkOptions(options: DiscordAdapterOptions): CheckedOptions {
  // A variable of the environment that is empty is not set.
  const parsed = optionsSchema.safeParse({ ...options, token: options.token || undefined });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(
      `The option ${issue?.path.join('.') || 'given'} of the Discord adapter: ${issue?.message}.`,
    );
  }
  const { token, client, clientOptions, channels, messageContent } = parsed.data;
  if ((token === undefined) === (client === undefined))
    throw invalid(
      'The Discord adapter takes either a token or a client; the token is on the page Bot of your application at https://discord.com/developers/applications.',
    );
  if (client !== undefined && clientOptions !== undefined)
    throw invalid(
      'The option clientOptions is for the client that the adapter makes; leave it out with a client of your own.',
    );
  if (channels.length > 0 && !messageContent)
    throw invalid(
      'The option channels needs messageContent: true, and the message content intent on the page Bot of your application.',
    );
  return parsed.data;
}

function invalid(message: string): VistazoError {
  return new VistazoError('option.invalid', message);
}
