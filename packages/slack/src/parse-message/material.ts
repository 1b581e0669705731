import type { Attachment, Quote } from '@vistazo/core';
import { isShared, isVisible, ownFilesOf, sharedFilesOf } from './files-of.js';
import type { PersonMessage } from './is-for-bot.js';
import { plainText } from './plain-text.js';
import { mrkdwnOf, type SlackAttachment, type SlackMessage } from './slack-message.js';
import type { EarlierMessage, Surroundings } from './surroundings.js';
import { textOfBlocks } from './text-of-blocks.js';

/** What a message brings besides its author's own words. */
export interface Material {
  attachments: Attachment[];
  quotes: Quote[];
}

/** Most files and most texts of a message that core takes. */
const maxParts = 100;
const maxQuoteLength = 10_000;
const maxNameLength = 1000;

/**
 * What a message brings: its own files and link previews, messages that it shares, and what was said before it in
 * its thread since the bot was asked there last. Files come in this order, each with who posted it.
 */
export async function materialOf(
  message: PersonMessage,
  surroundings: Surroundings,
): Promise<Material & { earlierCount: number; isWhole: boolean }> {
  const { team } = message;
  const { messages: earlier, isWhole } = await surroundings.unseenBefore(message);
  const around = await Promise.all([
    hangingMaterial(message, team, surroundings),
    ...earlier.map((each) => earlierMaterial(each, team, surroundings)),
  ]);
  const all: Material[] = [{ attachments: ownFilesOf(message, team), quotes: [] }, ...around];
  return {
    attachments: withoutRepeats(all.flatMap(({ attachments }) => attachments)).slice(0, maxParts),
    quotes: all.flatMap(({ quotes }) => quotes).slice(0, maxParts),
    earlierCount: earlier.length,
    isWhole,
  };
}

/** What a message of somebody shows and says, on which a command was called. */
export function materialOfOther(
  message: SlackMessage,
  team: string,
  surroundings: Surroundings,
): Promise<Material> {
  return earlierMaterial({ message, source: 'reply' }, team, surroundings);
}

async function earlierMaterial(
  { message, source }: EarlierMessage,
  team: string,
  surroundings: Surroundings,
): Promise<Material> {
  const text = mrkdwnOf(message);
  const [author, names, hanging] = await Promise.all([
    authorOf(message, team, surroundings),
    surroundings.namesFor(text, team),
    hangingMaterial(message, team, surroundings),
  ]);
  const files = ownFilesOf({ ...message, files: message.files?.filter(isVisible) }, team);
  const said = quoted({
    source: source === 'thread' ? 'history' : source,
    text: plainText(text, names),
    ...(author !== undefined && { author: author.name, authorId: author.id }),
  });
  return {
    attachments: [
      ...files.map((file) => ({ source, ...file, ...(author !== undefined && { author }) })),
      ...hanging.attachments,
    ],
    quotes: [...said, ...hanging.quotes],
  };
}

/** What hangs below a message: what it shares, and the texts of link previews. */
async function hangingMaterial(
  { attachments }: SlackMessage,
  team: string,
  surroundings: Surroundings,
): Promise<Material> {
  const all = await Promise.all(
    (attachments ?? []).map(async (each) => {
      const text = hangingText(each);
      const names = await surroundings.namesFor(text, team);
      const quote = quoteOf(each, plainText(text, names));
      return { attachments: isShared(each) ? sharedFiles(each, team) : [], quotes: quoted(quote) };
    }),
  );
  return {
    attachments: all.flatMap((each) => each.attachments),
    quotes: all.flatMap(({ quotes }) => quotes),
  };
}

function hangingText(attachment: SlackAttachment): string {
  const { title, text, message_blocks, blocks } = attachment;
  if (!isShared(attachment))
    return [title, text].filter(Boolean).join('\n') || textOfBlocks(blocks);
  if (text) return text;
  return (message_blocks ?? []).map(({ message }) => textOfBlocks(message?.blocks)).join('\n');
}

function quoteOf(attachment: SlackAttachment, text: string): Quote {
  const { author_id: id, author_name: name } = attachment;
  return {
    source: isShared(attachment) ? 'forward' : 'embed',
    text,
    ...(name && { author: name.slice(0, maxNameLength) }),
    ...(id && { authorId: id }),
  };
}

function sharedFiles(attachment: SlackAttachment, team: string): Attachment[] {
  const { author_id: id, author_name: name } = attachment;
  const author = id ? { author: { id, name: (name || id).slice(0, maxNameLength) } } : {};
  const files = sharedFilesOf(attachment, team);
  return files.map((file) => ({ ...file, source: 'forward', ...author }));
}

/** Apps that post without a user have names of their own. */
async function authorOf(
  { user, bot_id, username, bot_profile }: SlackMessage,
  team: string,
  surroundings: Surroundings,
): Promise<{ id: string; name: string } | undefined> {
  const id = user ?? bot_id;
  if (id == null) return undefined;
  const ownName = username || bot_profile?.name;
  const name = ownName || (user === undefined ? id : await surroundings.nameOf(team, user));
  return { id, name: name.slice(0, maxNameLength) };
}

function quoted(quote: Quote): Quote[] {
  return quote.text.trim() === '' ? [] : [{ ...quote, text: quote.text.slice(0, maxQuoteLength) }];
}

/** A file may be reached on several ways. */
function withoutRepeats(files: readonly Attachment[]): Attachment[] {
  const urls = files.map(({ url }) => url);
  return files.filter(({ url }, index) => urls.indexOf(url) === index);
}
