import {
  type AllowedMentionsTypes,
  type APIMessageTopLevelComponent,
  MessageFlags,
  type RESTPatchAPIChannelMessageJSONBody,
} from 'discord.js';
import type { PostContent } from './post-content.js';

/** Nobody is mentioned, whatever a text says. */
const noMentions: { parse: AllowedMentionsTypes[]; replied_user: boolean } = {
  parse: [],
  replied_user: false,
};

/** What every message of the bot says: it mentions nobody and shows no link previews; `files` are sent with it. */
export function messageBody(
  { content, files }: PostContent,
  components: APIMessageTopLevelComponent[] | undefined,
  { isPrivate = false }: { isPrivate?: boolean } = {},
) {
  return {
    content,
    allowed_mentions: noMentions,
    flags: MessageFlags.SuppressEmbeds | (isPrivate ? MessageFlags.Ephemeral : 0),
    ...(components !== undefined && { components }),
    // In place of those that the message had.
    attachments: files.map(({ name, description }, id) => ({
      id,
      filename: name,
      ...(description !== undefined && { description }),
    })),
  } satisfies RESTPatchAPIChannelMessageJSONBody;
}
