import type { Attachment, Quote } from '@vistazo/core';
import { isShared, isVisible, ownFilesOf, sharedFilesOf } from './files-of.js';
import type { PersonMessage } from './is-for-bot.js';
import { plainText } from './plain-text.js';
import type { SlackAttachment, SlackMessage } from './slack-message.js';
import type { Surroundings } from './surroundings.js';

/** What a message brings besides its author's own words. */
export interface Material {
  attachments: Attachment[];
  quotes: Quote[];
}

/** Most files and most texts of a message that core takes. */
const maxParts = 100;
const maxQuoteLength = 10_000;

/**
 * What a message brings: its own files and link previews, messages that it shares, and what was said before it in
 * its thread since the bot was asked there last. Files come in this order, each with who posted it.
 */
export async function materialOf(
  message: PersonMessage,
  surroundings: Surroundings,
): Promise<Material> {
  const { team } = message;
  const shared = (message.attachments ?? []).filter(isShared);
  const own: Material[] = [
    { attachments: ownFilesOf(message, team), quotes: previewQuotes(message) },
    ...shared.map((attachment) => sharedMaterial(attachment, team)),
  ];
  const earlier = await surroundings.unseenBefore(message);
  const around = await Promise.all(
    earlier.map((each) => earlierMaterial(each, message, surroundings)),
  );
  const all = [...own, ...around];
  return {
    attachments: withoutRepeats(all.flatMap(({ attachments }) => attachments)).slice(0, maxParts),
    quotes: all.flatMap(({ quotes }) => quotes).slice(0, maxParts),
  };
}

/** What a message of somebody shows and says, on which a command was called. */
export async function materialOfOther(
  message: SlackMessage,
  team: string,
  surroundings: Surroundings,
): Promise<Material> {
  const shared = (message.attachments ?? []).filter(isShared);
  const author =
    message.user === undefined ? undefined : await surroundings.nameOf(team, message.user);
  const own = said(message, 'reply', author, await surroundings.namesFor(message.text, team));
  const files = ownFilesOf({ ...message, files: message.files?.filter(isVisible) }, team);
  return {
    attachments: [
      ...files.map((file) => ({ ...file, ...authored(message, author), source: 'reply' as const })),
      ...shared.flatMap((each) => sharedFilesOf(each, team)),
    ],
    quotes: [own, ...shared.map((each) => sharedMaterial(each, team).quotes)].flat(),
  };
}

function sharedMaterial(attachment: SlackAttachment, team: string): Material {
  const { author_id: id, author_name: name, text } = attachment;
  const author = id != null && name != null ? { author: { id, name } } : {};
  return {
    attachments: sharedFilesOf(attachment, team).map((file) => ({ ...file, ...author })),
    quotes: quoted({
      source: 'forward',
      text: text ?? '',
      ...(name != null && { author: name.slice(0, 1000) }),
      ...(id != null && { authorId: id }),
    }),
  };
}

async function earlierMaterial(
  earlier: SlackMessage,
  { team }: PersonMessage,
  surroundings: Surroundings,
): Promise<Material> {
  const author =
    earlier.user === undefined ? undefined : await surroundings.nameOf(team, earlier.user);
  const files = ownFilesOf({ ...earlier, files: earlier.files?.filter(isVisible) }, team);
  return {
    attachments: files.map((file) => ({ ...file, ...authored(earlier, author) })),
    quotes: said(earlier, 'history', author, await surroundings.namesFor(earlier.text, team)),
  };
}

function authored({ user }: SlackMessage, name: string | undefined) {
  return user === undefined || name === undefined ? {} : { author: { id: user, name } };
}

function said(
  { text, user }: SlackMessage,
  source: Quote['source'],
  author: string | undefined,
  names: Parameters<typeof plainText>[1],
): Quote[] {
  return quoted({
    source,
    text: plainText(text, names),
    ...(author !== undefined && { author }),
    ...(user !== undefined && { authorId: user }),
  });
}

function previewQuotes({ attachments }: SlackMessage): Quote[] {
  return (attachments ?? [])
    .filter((each) => !isShared(each))
    .flatMap(({ title, text, author_name }) =>
      quoted({
        source: 'embed',
        text: [title, text].filter(Boolean).join('\n'),
        ...(author_name && { author: author_name.slice(0, 1000) }),
      }),
    );
}

function quoted(quote: Quote): Quote[] {
  return quote.text.trim() === '' ? [] : [{ ...quote, text: quote.text.slice(0, maxQuoteLength) }];
}

/** A file may be reached on several ways. */
function withoutRepeats(files: readonly Attachment[]): Attachment[] {
  return files.filter(({ url }, index) => files.findIndex((each) => each.url === url) === index);
}
