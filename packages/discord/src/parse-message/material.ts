import type { Attachment, Quote } from '@vistazo/core';
import {
  type DiscordContent,
  type DiscordMessage,
  nameOf,
  type PlainMessage,
} from './discord-message.js';
import { filesOf, visibleFilesOf } from './files-of.js';
import { isMentioned } from './is-for-bot.js';
import { plainText } from './plain-text.js';
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
  const own = ownMaterial(message);
  const around = [
    await replyMaterial(message, own.attachments.length > 0, surroundings),
    await threadMaterial(message, surroundings),
  ];
  const hasFiles = [own, ...around].some(({ attachments }) => attachments.length > 0);
  const all = [own, ...around, hasFiles ? nothing : await earlierMaterial(message, surroundings)];
  return {
    attachments: withoutRepeats(all.flatMap(({ attachments }) => attachments)).slice(0, maxParts),
    quotes: all.flatMap(({ quotes }) => quotes).slice(0, maxParts),
  };
}

function ownMaterial(message: DiscordMessage): Material {
  const forwarded = message.message_snapshots.map((snapshot) => snapshot.message);
  return {
    attachments: [
      ...filesOf(message),
      ...forwarded.flatMap(visibleFilesOf).map((file) => ({ ...file, source: 'forward' as const })),
    ],
    quotes: [
      ...embedQuotes(message),
      ...forwarded.flatMap((content) => [
        ...quoted({ source: 'forward', text: content.content }),
        ...embedQuotes(content),
      ]),
    ],
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

/** The message that a thread began with has the id of the thread. */
async function threadMaterial(
  { channel_id, id }: DiscordMessage,
  surroundings: Surroundings,
): Promise<Material> {
  const channel = surroundings.channel(channel_id);
  if (!channel?.isThread || channel.parentId === undefined || id === channel_id) return nothing;
  if (!surroundings.isFirstInThread(channel_id, id)) return nothing;
  const starter = await surroundings.message(channel.parentId, channel_id);
  // One that the bot began of a mention goes on with what was asked there.
  const isKnown =
    starter !== undefined && channel.isOwnThread && isMentioned(starter, surroundings);
  return starter === undefined || isKnown
    ? nothing
    : materialOfOther(starter, 'thread', surroundings);
}

/** People post a picture first and ask about it in their next message. */
const justBeforeMs = 10 * 60_000;

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
      visibleFilesOf(each).length > 0,
  );
  const isKnown = found !== undefined && isMentioned(found, surroundings);
  return found === undefined || isKnown ? nothing : materialOfOther(found, 'history', surroundings);
}

/** What a message of somebody else says and shows, which is of the message itself or of what it forwards. */
export function materialOfOther(
  message: PlainMessage,
  source: 'reply' | 'history' | 'thread',
  surroundings: Surroundings,
): Material {
  const contents: DiscordContent[] = [
    message,
    ...message.message_snapshots.map((snapshot) => snapshot.message),
  ];
  const { id } = message.author;
  const name = nameOf(message.author, message.member);
  const text = plainText(message, surroundings);
  return {
    attachments: contents
      .flatMap(visibleFilesOf)
      .map((file) => ({ ...file, author: { id, name }, source })),
    quotes: [
      ...quoted({
        source: source === 'thread' ? 'history' : source,
        text,
        author: name,
        authorId: id,
      }),
      ...contents.flatMap(embedQuotes),
    ],
  };
}

function embedQuotes({ embeds }: DiscordContent): Quote[] {
  return embeds.flatMap(({ title, description, author }) => {
    const text = [title, description].filter(Boolean).join('\n');
    return quoted({ source: 'embed', text, ...(author?.name && { author: author.name }) });
  });
}

function quoted(quote: Quote): Quote[] {
  return quote.text.trim() === '' ? [] : [{ ...quote, text: quote.text.slice(0, maxQuoteLength) }];
}

/** A file may be reached on several ways. */
function withoutRepeats(files: readonly Attachment[]): Attachment[] {
  const paths = files.map(({ url }) => url.replace(/\?.*$/, ''));
  return files.filter((_, index) => paths.indexOf(paths[index] ?? '') === index);
}

const nothing: Material = { attachments: [], quotes: [] };
