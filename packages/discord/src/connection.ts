import { VistazoError } from '@vistazo/core';
import {
  Client,
  type ClientOptions,
  Events,
  GatewayCloseCodes,
  Options,
  type RateLimitData,
} from 'discord.js';
import { platformError, waitMsOf } from './discord-errors.js';
import type { CheckedOptions } from './discord-options.js';

/** How long Discord may take to take the bot in. */
const loginTimeoutMs = 60_000;
/** Who has to wait longer for a route is tried again later, so that nothing is held meanwhile. */
const longestQueueMs = 10_000;

/** Those that every bot needs and has. */
const plainIntents = ['Guilds', 'GuildMessages', 'DirectMessages'] as const;

/** A client that keeps no messages, nor who wrote them: what the bot keeps of them is in its store. */
export function newClient({ messageContent, notify, clientOptions = {} }: CheckedOptions): Client {
  const options: ClientOptions = {
    makeCache: Options.cacheWithLimits({
      ...Options.DefaultMakeCacheSettings,
      MessageManager: 0,
      ReactionManager: 0,
      PresenceManager: 0,
      UserManager: { maxSize: 0, keepOverLimit: ({ id, client }) => id === client.user.id },
      GuildMemberManager: { maxSize: 0, keepOverLimit: ({ id, client }) => id === client.user.id },
    }),
    ...clientOptions,
    intents: [...plainIntents, ...(messageContent ? (['MessageContent'] as const) : [])],
    rest: {
      rejectOnRateLimit: (limit: RateLimitData) => waitMsOf(limit) > longestQueueMs,
      ...clientOptions.rest,
    },
  };
  const client = new Client(options);
  // An event of this name that nobody hears ends the process.
  client.on(Events.Error, () => notify('The connection to Discord failed for a moment.'));
  return client;
}

/**
 * Logs a client in and resolves when it is ready. Throws `option.invalid` where Discord refuses it, and
 * `platform.failed` where it cannot be reached.
 */
export async function logIn(client: Client, token: string): Promise<void> {
  const { promise: failed, reject } = Promise.withResolvers<never>();
  const onDisconnect = ({ code }: { code: number }) => reject(refusal(code));
  const timer = setTimeout(
    () =>
      reject(
        new VistazoError(
          'platform.failed',
          'Discord did not take the bot in within a minute; try again later.',
        ),
      ),
    loginTimeoutMs,
  );
  client.on(Events.ShardDisconnect, onDisconnect);
  const ready = untilReady(client);
  try {
    await Promise.race([failed, Promise.all([client.login(token), ready])]);
  } catch (error) {
    await client.destroy();
    if (isTokenError(error)) throw refusal(GatewayCloseCodes.AuthenticationFailed);
    throw error instanceof VistazoError ? error : platformError(error);
  } finally {
    clearTimeout(timer);
    client.off(Events.ShardDisconnect, onDisconnect);
    failed.catch(() => {});
  }
}

/** What an operator is told whose own client lacks an intent that the bot needs; undefined where it lacks none. */
export function lackingIntents(
  { options }: Client,
  { messageContent }: Pick<CheckedOptions, 'messageContent'>,
): string | undefined {
  const needed = [...plainIntents, ...(messageContent ? (['MessageContent'] as const) : [])];
  const lacking = needed.filter((intent) => !options.intents.has(intent));
  if (lacking.length === 0) return undefined;
  const wanted = needed.map((intent) => `'${intent}'`).join(', ');
  return `The client of the Discord adapter lacks the intents ${lacking.join(', ')}; make it with new Client({ intents: [${wanted}] }).`;
}

/** Resolves when a client is logged in and knows its servers. */
export async function untilReady(client: Client): Promise<void> {
  if (client.isReady()) return;
  await new Promise<void>((resolve) => client.once(Events.ClientReady, () => resolve()));
}

function isTokenError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'TokenInvalid';
}

function refusal(code: number): VistazoError {
  if (code === GatewayCloseCodes.AuthenticationFailed)
    return new VistazoError(
      'option.invalid',
      'Discord refuses the token; copy it anew from the page Bot of your application at https://discord.com/developers/applications.',
    );
  if (code === GatewayCloseCodes.DisallowedIntents)
    return new VistazoError(
      'option.invalid',
      'Discord does not give the bot the message content intent; turn it on on the page Bot of your application at https://discord.com/developers/applications, or leave out messageContent.',
    );
  return new VistazoError(
    'option.invalid',
    `Discord closed the connection for good with code ${code}; see https://discord.com/developers/docs/topics/opcodes-and-status-codes.`,
  );
}

/** What a bot without the message content intent should know of itself. */
export const contentNotice =
  'Without the message content intent the Discord bot sees only direct messages, messages that mention it, and commands; it may not see the pictures of messages that those reply to. Turn the intent on on the page Bot of your application, and set messageContent: true.';
