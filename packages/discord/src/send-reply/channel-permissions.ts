import { type Client, PermissionFlagsBits } from 'discord.js';

/** Permissions that answers need. */
export type NeededPermission = keyof typeof permissionBits;

/** As Discord counts them. */
export const permissionBits = {
  viewChannel: PermissionFlagsBits.ViewChannel,
  sendMessages: PermissionFlagsBits.SendMessages,
  sendMessagesInThreads: PermissionFlagsBits.SendMessagesInThreads,
  readMessageHistory: PermissionFlagsBits.ReadMessageHistory,
  createPublicThreads: PermissionFlagsBits.CreatePublicThreads,
  attachFiles: PermissionFlagsBits.AttachFiles,
} as const;

/** What the bot may do in a channel, as far as a logged-in client knows it without asking. */
export class ChannelPermissions {
  constructor(private readonly client: Client) {}

  /** Those without which nothing can be posted there; none where it is not known, and in direct messages. */
  lackingToPost(channelId: string): NeededPermission[] {
    const isThread = this.client.channels.cache.get(channelId)?.isThread() ?? false;
    const needed = ['viewChannel', isThread ? 'sendMessagesInThreads' : 'sendMessages'] as const;
    return needed.filter((permission) => this.lacks(channelId, permission));
  }

  /** False where it is not known. */
  lacks(channelId: string, permission: NeededPermission): boolean {
    const channel = this.client.channels.cache.get(channelId);
    if (channel === undefined || channel.isDMBased() || this.client.user === null) return false;
    const held = channel.permissionsFor(this.client.user);
    return held !== null && !held.has(permissionBits[permission]);
  }
}
