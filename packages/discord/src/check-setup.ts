import { type AdapterFinding, toVistazoError, type VistazoError } from '@vistazo/core';
import { ApplicationFlags, Routes } from 'discord.js';
import { z } from 'zod';
import { contentNotice, lackingIntents, newClient } from './connection.js';
import { DiscordApi } from './discord-api.js';
import { refusedWith } from './discord-errors.js';
import type { CheckedOptions } from './discord-options.js';
import { guildFindings } from './guild-findings.js';
import { inviteLink, usedPermissions } from './invite-link.js';

const applicationSchema = z.object({
  id: z.string(),
  name: z.string().default(''),
  flags: z.int().default(0),
});
type Application = z.infer<typeof applicationSchema>;

/** Asks Discord, without connecting to it, what it thinks of the bot as the options describe it. */
export async function checkSetup(
  options: CheckedOptions,
  signal: AbortSignal,
): Promise<AdapterFinding[]> {
  const client = options.client ?? newClient(options);
  if (options.token !== undefined) client.rest.setToken(options.token);
  else if (client.token === null)
    return [
      { ok: false, sentence: 'The client is not logged in; log it in before it is checked.' },
    ];
  try {
    const route = Routes.currentApplication();
    const api = new DiscordApi(client.rest);
    const { json } = await api.call({ method: 'Get', route, signal });
    const lacking = lackingIntents(client, options);
    return [
      ...findingsAbout(applicationSchema.parse(json), options),
      ...(await guildFindings(api, usedPermissions(options), signal)),
      ...(lacking === undefined ? [] : [{ ok: false, sentence: lacking }]),
    ];
  } catch (error) {
    signal.throwIfAborted();
    return [{ ok: false, sentence: sentenceOf(toVistazoError(error)) }];
  } finally {
    if (options.client === undefined) await client.destroy();
  }
}

function findingsAbout(application: Application, options: CheckedOptions): AdapterFinding[] {
  const { id, name, flags } = application;
  return [
    { ok: true, sentence: `The token is that of the application ${name} (${id}).` },
    contentFinding(flags, options.messageContent),
    { ok: true, sentence: `Invite the bot with ${inviteLink(id, options)}` },
  ];
}

const contentFlags =
  ApplicationFlags.GatewayMessageContent | ApplicationFlags.GatewayMessageContentLimited;

function contentFinding(flags: number, isWanted: boolean): AdapterFinding {
  const isGiven = (flags & contentFlags) !== 0;
  if (isGiven && isWanted)
    return { ok: true, sentence: 'The message content intent is on: it sees all messages.' };
  if (isGiven)
    return {
      ok: true,
      sentence:
        'The message content intent is on, and not used: set messageContent: true to see pictures of all messages.',
    };
  if (!isWanted) return { ok: true, sentence: contentNotice };
  return {
    ok: false,
    sentence:
      'The option messageContent is true, and the message content intent is off: turn it on on the page Bot of your application at https://discord.com/developers/applications, or leave out messageContent.',
  };
}

function sentenceOf(error: VistazoError): string {
  return refusedWith(error) === 401
    ? 'Discord refuses the token; copy it anew from the page Bot of your application at https://discord.com/developers/applications.'
    : error.message;
}
