import {
  type AllowedMentionsTypes,
  type APIMessageTopLevelComponent,
  MessageFlags,
  type RESTPatchAPIChannelMessageJSONBody,
} from 'discord.js';

/** Nobody is mentioned, whatever a text says. */
const noMentions: { parse: AllowedMentionsTypes[]; replied_user: boolean } = {
  parse: [],
  replied_user: false,
};

/** What every message of the bot says: it mentions nobody and shows no link previews. */
export function messageBody(
  content: string,
  components: APIMessageTopLevelComponent[] | undefined,
  { isPrivate = false }: { isPrivate?: boolean } = {},
) {
  return {
    content,
    allowed_mentions: noMentions,
    flags: MessageFlags.SuppressEmbeds | (isPrivate ? MessageFlags.Ephemeral : 0),
    ...(components !== undefined && { components }),
  } satisfies RESTPatchAPIChannelMessageJSONBody;
}
