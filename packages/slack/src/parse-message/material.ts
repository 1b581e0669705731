import type { Attachment, Quote } from '@vistazo/core';
import type { PersonMessage } from './is-for-bot.js';
import { plainText } from './plain-text.js';
import {
  type HangingMessage,
  type MessageFile,
  type ReadMessage,
  readMessage,
} from './read-message.js';
import type { SlackMessage } from './slack-message.js';
import type { EarlierMessage, Surroundings } from './surroundings.js';

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
  const own = readMessage(message, team);
  const { messages: earlier, isWhole } = await surroundings.unseenBefore(message);
  const around = await Promise.all([
    hangingMaterial(own, team, surroundings),
    ...earlier.map((each) => earlierMaterial(each, team, surroundings)),
  ]);
  // Who asks wants all of their files looked at, and is told which cannot be.
  const attachments = own.files.map(({ attachment }) => attachment);
  return {
    ...bounded([{ attachments, quotes: [] }, ...around]),
    earlierCount: earlier.length,
    isWhole,
  };
}

/** What a message of somebody shows and says, on which a command was called. */
export async function materialOfOther(
  message: SlackMessage,
  team: string,
  surroundings: Surroundings,
): Promise<Material> {
  return bounded([await earlierMaterial({ message, source: 'reply' }, team, surroundings)]);
}

async function earlierMaterial(
  { message, source }: EarlierMessage,
  team: string,
  surroundings: Surroundings,
): Promise<Material> {
  const read = readMessage(message, team);
  const mrkdwn = withUnseen(read);
  const [author, names, hanging] = await Promise.all([
    authorOf(message, team, surroundings),
    surroundings.namesFor(mrkdwn, team),
    hangingMaterial(read, team, surroundings),
  ]);
  const said = quoted({
    source: source === 'thread' ? 'history' : source,
    text: plainText(mrkdwn, names),
    ...(author !== undefined && { author: author.name, authorId: author.id }),
  });
  const files = viewableOf(read.files).map((file) => ({
    source,
    ...file,
    ...(author !== undefined && { author }),
  }));
  return {
    attachments: [...files, ...hanging.attachments],
    quotes: [...said, ...hanging.quotes],
  };
}

/** What hangs below a message: what it shares, and the texts of link previews. */
async function hangingMaterial(
  { hanging }: ReadMessage,
  team: string,
  surroundings: Surroundings,
): Promise<Material> {
  const all = await Promise.all(
    hanging.map(async (each): Promise<Material> => {
      const mrkdwn = withUnseen(each);
      const text = plainText(mrkdwn, await surroundings.namesFor(mrkdwn, team));
      const { source, author, authorId } = each;
      const whose = { ...(author && { author }), ...(authorId && { authorId }) };
      return { attachments: sharedFiles(each), quotes: quoted({ source, text, ...whose }) };
    }),
  );
  return {
    attachments: all.flatMap(({ attachments }) => attachments),
    quotes: all.flatMap(({ quotes }) => quotes),
  };
}

function sharedFiles({ files, author: name, authorId: id }: HangingMessage): Attachment[] {
  const author = id ? { author: { id, name: name ?? id.slice(0, maxNameLength) } } : {};
  return viewableOf(files).map((file) => ({ ...file, source: 'forward', ...author }));
}

function viewableOf(files: readonly MessageFile[]): Attachment[] {
  return files.filter(({ isViewable }) => isViewable).map(({ attachment }) => attachment);
}

/** The words of a message that somebody else brought, which names the files that are not looked at. */
function withUnseen({ mrkdwn, files }: Pick<ReadMessage, 'mrkdwn' | 'files'>): string {
  const unseen = files.filter(({ isViewable }) => !isViewable);
  return [mrkdwn, ...unseen.map((file) => file.mrkdwn)].filter(Boolean).join('\n');
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

function bounded(all: readonly Material[]): Material {
  const files = new Map<string, Attachment>();
  // A file may be reached on several ways; the first counts.
  for (const file of all.flatMap(({ attachments }) => attachments))
    if (!files.has(file.url)) files.set(file.url, file);
  return {
    attachments: [...files.values()].slice(0, maxParts),
    quotes: all.flatMap(({ quotes }) => quotes).slice(0, maxParts),
  };
}
