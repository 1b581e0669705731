import { type DiscordMessage, nameOf } from './discord-message.js';
import type { Surroundings } from './surroundings.js';

type Written = Pick<DiscordMessage, 'content' | 'mentions' | 'guild_id'>;

const marks = /<(?:@!?(?<user>\d+)|@&(?<role>\d+)|#(?<channel>\d+)|a?:(?<emoji>\w+):\d+)>/g;

/** What a person wrote, with names for Discord's marks, and without the mention of the bot. */
export function plainText(
  { content, mentions, guild_id }: Written,
  surroundings: Surroundings,
): string {
  const names = new Map(mentions.map((user) => [user.id, nameOf(user, user.member)]));
  const ownRoleId = guild_id === undefined ? undefined : surroundings.botRoleId(guild_id);
  const roleNameOf = (id: string) => surroundings.roleName(guild_id ?? '', id) ?? 'a role';
  return content
    .replace(marks, (mark, ...found) => {
      const {
        user,
        role,
        channel: channelId,
        emoji,
      }: Record<string, string | undefined> = found.at(-1);
      if (user !== undefined)
        return user === surroundings.botId ? '' : `@${names.get(user) ?? 'somebody'}`;
      if (role !== undefined)
        return role === ownRoleId ? '' : `@${roleNameOf(role).replace(/^@/, '')}`;
      if (channelId !== undefined)
        return `#${surroundings.channel(channelId)?.name ?? 'a channel'}`;
      return emoji === undefined ? mark : `:${emoji}:`;
    })
    .trim();
}
