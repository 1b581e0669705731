import { OAuth2Scopes } from 'discord.js';
import type { CheckedOptions } from './discord-options.js';
import { type NeededPermission, permissionBits } from './send-reply/channel-permissions.js';

/** The permissions that a bot with these options uses. */
export function usedPermissions({
  longAnswers,
  threads,
}: Pick<CheckedOptions, 'longAnswers' | 'threads'>): NeededPermission[] {
  return [
    'viewChannel',
    'sendMessages',
    'sendMessagesInThreads',
    'readMessageHistory',
    ...(threads === 'guilds' ? (['createPublicThreads'] as const) : []),
    ...(longAnswers === 'file' ? (['attachFiles'] as const) : []),
  ];
}

/** The address where people invite the bot, with the scopes and permissions that it uses and no others. */
export function inviteLink(
  applicationId: string,
  options: Pick<CheckedOptions, 'commands' | 'longAnswers' | 'threads'>,
): string {
  const permissions = usedPermissions(options).reduce(
    (all, permission) => all | permissionBits[permission],
    0n,
  );
  const scopes = [
    OAuth2Scopes.Bot,
    ...(options.commands === null ? [] : [OAuth2Scopes.ApplicationsCommands]),
  ];
  const query = new URLSearchParams({
    client_id: applicationId,
    scope: scopes.join(' '),
    permissions: String(permissions),
  });
  return `https://discord.com/oauth2/authorize?${query}`;
}
