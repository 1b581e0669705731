import { OAuth2Scopes, PermissionFlagsBits } from 'discord.js';
import type { CheckedOptions } from './discord-options.js';

/** The address where people invite the bot, with the scopes and permissions that it uses and no others. */
export function inviteLink(
  applicationId: string,
  { commands, longAnswers, threads }: Pick<CheckedOptions, 'commands' | 'longAnswers' | 'threads'>,
): string {
  const permissions = [
    PermissionFlagsBits.ViewChannel,
    PermissionFlagsBits.SendMessages,
    PermissionFlagsBits.SendMessagesInThreads,
    PermissionFlagsBits.ReadMessageHistory,
    ...(threads === 'guilds' ? [PermissionFlagsBits.CreatePublicThreads] : []),
    ...(longAnswers === 'file' ? [PermissionFlagsBits.AttachFiles] : []),
  ].reduce((all, permission) => all | permission, 0n);
  const scopes = [
    OAuth2Scopes.Bot,
    ...(commands === null ? [] : [OAuth2Scopes.ApplicationsCommands]),
  ];
  const query = new URLSearchParams({
    client_id: applicationId,
    scope: scopes.join(' '),
    permissions: String(permissions),
  });
  return `https://discord.com/oauth2/authorize?${query}`;
}
