import type { Attachment, Quote } from '@vistazo/core';
import { fileLine } from '@vistazo/core/adapter-kit';
import {
  type DiscordContent,
  type DiscordMessage,
  nameOf,
  type PlainMessage,
} from './discord-message.js';
import { isMentioned } from './is-for-bot.js';
import { plainText } from './plain-text.js';
import { readContent, withoutRepeats } from './read-content.js';
import { repliedTo, type Surroundings } from './surroundings.js';

/** What a message brings besides its author's own words. */
export interface Material {
  attachments: Attachment[];
  quotes: Quote[];
}

/** Most files and most texts of a message that core takes. */
const maxParts = 100;
const maxQuoteLength = 10_000;

/**
 * What a message brings: its own files and link previews, what it forwards, what it replies to, and what the
 * thread that it stands in is about; where none of them has any, the pictures that its author posted just
 * before. Files come in this order, each with who posted it.
 */
export async function materialOf(
  message: DiscordMessage,
  surroundings: Surroundings,
): Promise<Material> {
  const own = ownMaterial(message, surroundings);
  const around = [
    await replyMaterial(message, own.attachments.length > 0, surroundings),
    await threadMaterial(message, surroundings),
  ];
  const hasFiles = [own, ...around].some(({ attachments }) => attachments.length > 0);
  const all = [own, ...around, hasFiles ? nothing : await earlierMaterial(message, surroundings)];
  return bounded({
    attachments: all.flatMap(({ attachments }) => attachments),
    quotes: all.flatMap(({ quotes }) => quotes),
  });
}

function ownMaterial(message: DiscordMessage, surroundings: Surroundings): Material {
  const { files, embeds } = readContent(message);
  const forwarded = forwardedBy(message).map((content) =>
    shownIn(content, 'forward', undefined, message.guild_id, surroundings),
  );
  return {
    // Who asks wants all of their files looked at, and is told which cannot be.
    attachments: [
      ...files.map(({ attachment }) => attachment),
      ...forwarded.flatMap(({ attachments }) => attachments),
    ],
    quotes: [...named(embeds, message, surroundings), ...forwarded.flatMap(({ quotes }) => quotes)],
  };
}

/** What it replies to; where that is an answer of the bot, the pictures that it was about. */
async function replyMaterial(
  message: DiscordMessage,
  hasOwnFiles: boolean,
  surroundings: Surroundings,
): Promise<Material> {
  const answered = await repliedTo(message, surroundings);
  if (answered === undefined) return nothing;
  if (answered.author.id !== surroundings.botId)
    return materialOfOther(answered, 'reply', surroundings);
  const answer = materialOfOther(answered, 'reply', surroundings);
  const { message_reference: asked, channel_id } = answered;
  // Other pictures may have come since, so that "it" would be one of those.
  if (hasOwnFiles || asked?.message_id === undefined) return answer;
  const question = await surroundings.message(asked.channel_id ?? channel_id, asked.message_id);
  if (question === undefined) return answer;
  const { attachments } = materialOfOther(question, 'reply', surroundings);
  return { attachments: [...attachments, ...answer.attachments], quotes: answer.quotes };
}

/** The message that a thread began with has the id of the thread, and stands in the channel above it. */
async function threadMaterial(
  { channel_id, id }: DiscordMessage,
  surroundings: Surroundings,
): Promise<Material> {
  const channel = surroundings.channel(channel_id);
  if (!channel?.isThread || channel.parentId === undefined || id === channel_id) return nothing;
  if (!surroundings.isFirstInThread(channel_id, id)) return nothing;
  const starter =
    (await surroundings.message(channel.parentId, channel_id)) ??
    // That of a post in a forum stands in the thread itself.
    (await surroundings.message(channel_id, channel_id));
  // One that the bot began of a mention goes on with what was asked there.
  const isKnown =
    starter !== undefined && channel.isOwnThread && isMentioned(starter, surroundings);
  return starter === undefined || isKnown
    ? nothing
    : materialOfOther(starter, 'thread', surroundings);
}

/** People post a picture first and ask about it in their next message. */
const justBeforeMs = 10 * 60_000;

function showsSomething(message: PlainMessage): boolean {
  const contents = [message, ...forwardedBy(message)];
  return contents.some((each) => readContent(each).files.some(({ isViewable }) => isViewable));
}

/** The latest pictures that the same person posted just before without asking the bot. */
async function earlierMaterial(
  message: DiscordMessage,
  surroundings: Surroundings,
): Promise<Material> {
  // What is said in direct messages is all for the bot, so that it knows it.
  if (message.guild_id === undefined) return nothing;
  const earliestMs = Date.parse(message.timestamp) - justBeforeMs;
  const earlier = await surroundings.messagesBefore(message.channel_id, message.id);
  const found = earlier.find(
    (each) =>
      each.author.id === message.author.id &&
      Date.parse(each.timestamp) >= earliestMs &&
      showsSomething(each),
  );
  const isKnown = found !== undefined && isMentioned(found, surroundings);
  return found === undefined || isKnown ? nothing : materialOfOther(found, 'history', surroundings);
}

/** What a message of somebody else says and shows, which is of the message itself or of what it forwards. */
export function materialOfOther(
  message: PlainMessage,
  source: Source,
  surroundings: Surroundings,
): Material {
  const author = { id: message.author.id, name: nameOf(message.author, message.member) };
  const all = [message, ...forwardedBy(message)].map((content) =>
    shownIn(content, source, author, message.guild_id, surroundings),
  );
  return bounded({
    attachments: all.flatMap(({ attachments }) => attachments),
    quotes: all.flatMap(({ quotes }) => quotes),
  });
}

type Source = 'reply' | 'history' | 'thread' | 'forward';
type Author = NonNullable<Attachment['author']>;

/** What a message says and shows that nobody asked about: files that are not looked at are named. */
function shownIn(
  content: DiscordContent,
  source: Source,
  author: Author | undefined,
  guild_id: string | undefined,
  surroundings: Surroundings,
): Material {
  const { text, files, embeds } = readContent(content);
  const { mentions } = content;
  const unseen = files
    .filter(({ isViewable }) => !isViewable)
    .map(({ attachment }) => fileLine(attachment.name ?? ''));
  const said = [plainText({ content: text, mentions, guild_id }, surroundings), ...unseen];
  return {
    attachments: files
      .filter(({ isViewable }) => isViewable)
      .map(({ attachment }) => ({ ...attachment, ...(author && { author }), source })),
    quotes: [
      ...quoted({
        source: source === 'thread' ? 'history' : source,
        text: said.filter((line) => line !== '').join('\n'),
        ...(author && { author: author.name, authorId: author.id }),
      }),
      ...named(embeds, { mentions, guild_id }, surroundings),
    ],
  };
}

function forwardedBy({ message_snapshots }: PlainMessage): DiscordContent[] {
  return message_snapshots.map(({ message }) => message);
}

/** Quotes with names for Discord's marks. */
function named(
  quotes: readonly Quote[],
  { mentions, guild_id }: Pick<PlainMessage, 'mentions' | 'guild_id'>,
  surroundings: Surroundings,
): Quote[] {
  return quotes.flatMap((quote) =>
    quoted({
      ...quote,
      text: plainText({ content: quote.text, mentions, guild_id }, surroundings),
    }),
  );
}

function quoted(quote: Quote): Quote[] {
  return quote.text.trim() === '' ? [] : [{ ...quote, text: quote.text.slice(0, maxQuoteLength) }];
}

function bounded({ attachments, quotes }: Material): Material {
  return {
    attachments: withoutRepeats(attachments, ({ url }) => url).slice(0, maxParts),
    quotes: quotes.slice(0, maxParts),
  };
}

const nothing: Material = { attachments: [], quotes: [] };
