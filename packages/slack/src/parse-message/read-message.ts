import type { Attachment } from '@vistazo/core';
import { fileLine, isViewable } from '@vistazo/core/adapter-kit';
import { fileUrl } from '../fetch-file/file-url.js';
import { escapeMrkdwn, unescapeMrkdwn } from '../mrkdwn.js';
import { type BlockPicture, picturesOfBlocks } from './pictures-of-blocks.js';
import type { SlackAttachment, SlackFile, SlackMessage } from './slack-message.js';
import { textOfBlocks } from './text-of-blocks.js';

/** A file of a message. */
export interface MessageFile {
  attachment: Attachment;
  /** Whether it is a picture, video or PDF as far as Slack says. */
  isViewable: boolean;
  /** What names it where it is not looked at, as mrkdwn; empty where it was deleted. */
  mrkdwn: string;
}

/** A message that another one shares, or the preview of a link or of an app below it. */
export interface HangingMessage {
  source: 'forward' | 'embed';
  mrkdwn: string;
  author: string | undefined;
  authorId: string | undefined;
  /** Those of a shared message; pictures of previews are files of the message itself. */
  files: MessageFile[];
}

/** What a message says and shows, whoever wrote it and however the bot came by it. */
export interface ReadMessage {
  /** Its words as mrkdwn: its text, and what blocks say besides. */
  mrkdwn: string;
  /** Its files, pictures of its blocks, and those of previews below it. */
  files: MessageFile[];
  hanging: HangingMessage[];
}

const maxDescriptionLength = 10_000;
const maxNameLength = 1000;
/** Most characters (UTF-16 units) that are taken of the beginning of a text that was posted as a file. */
const maxPreviewLength = 2000;

/** Reads a message as Slack tells of it; files are fetched with the token of `team`. */
export function readMessage(message: SlackMessage, team: string): ReadMessage {
  const { text, files, attachments } = message;
  const blocks = blocksToRead(message);
  const all = attachments ?? [];
  return {
    mrkdwn: mergedText(text, textOfBlocks(blocks)),
    files: [
      ...(files ?? []).map((file) => fileOf(file, team)),
      ...picturesIn(blocks, team),
      ...all.filter((each) => !isShared(each)).flatMap((each) => previewPictures(each, team)),
    ],
    hanging: all.map((each) => ({
      source: isShared(each) ? 'forward' : 'embed',
      mrkdwn: attachmentText(each),
      author: each.author_name?.slice(0, maxNameLength) || undefined,
      authorId: each.author_id || undefined,
      files: isShared(each) ? sharedFiles(each, team) : [],
    })),
  };
}

/** A file of a message as core takes it. */
export function attachmentOf(file: SlackFile, team: string): Attachment {
  const name = file.name ?? file.title;
  return {
    url: fileUrl(file, team),
    ...(name != null && { name: name.slice(0, maxNameLength) }),
    ...described(file.alt_txt),
  };
}

/** The blocks of a message that say more than its text: what people write stands in both. */
export function blocksToRead({ blocks, text, user, bot_id }: SlackMessage): unknown[] {
  const all: unknown[] = Array.isArray(blocks) ? blocks : [];
  const isOfPerson = user !== undefined && bot_id == null && text.trim() !== '';
  return isOfPerson ? all.filter((block) => !isRichText(block)) : all;
}

function isRichText(block: unknown): boolean {
  return typeof block === 'object' && block !== null && Reflect.get(block, 'type') === 'rich_text';
}

/** Whether it is a message that somebody shared, or that a link leads to. */
function isShared({ is_share, is_msg_unfurl }: SlackAttachment): boolean {
  return is_share === true || is_msg_unfurl === true;
}

function fileOf(file: SlackFile, team: string): MessageFile {
  const { name, title, filetype, mimetype, mode, original_w, preview, preview_plain_text } = file;
  const isHidden = mode === 'tombstone' || mode === 'hidden_by_limit';
  // What Slack took it for says more than its name.
  const isTyped = filetype && !['binary', 'auto'].includes(filetype);
  const said = {
    name: isTyped ? `file.${filetype}` : (name ?? title),
    mediaType: mimetype,
    hasSize: Boolean(original_w),
  };
  const beginning = (preview || preview_plain_text || '').slice(0, maxPreviewLength);
  const lines = [fileLine(name || title || ''), beginning].filter(isSaid).join('\n');
  return {
    attachment: attachmentOf(file, team),
    isViewable: !isHidden && isViewable(said),
    mrkdwn: mode === 'tombstone' ? '' : escapeMrkdwn(lines),
  };
}

/** Of a message that was shared, and of what hangs below that. */
function sharedFiles(attachment: SlackAttachment, team: string): MessageFile[] {
  const blocks = (attachment.message_blocks ?? []).flatMap(({ message }) => message?.blocks ?? []);
  return [
    ...(attachment.files ?? []).map((file) => fileOf(file, team)),
    ...picturesIn(blocks, team),
    ...[attachment, ...(attachment.attachments ?? [])].flatMap((each) =>
      previewPictures(each, team),
    ),
  ];
}

function previewPictures(
  attachment: Pick<SlackAttachment, 'image_url' | 'thumb_url' | 'title' | 'blocks'>,
  team: string,
): MessageFile[] {
  const url = [attachment.image_url, attachment.thumb_url].find(isWebAddress);
  const own = url == null ? [] : [{ url, ...described(unescapeMrkdwn(attachment.title ?? '')) }];
  const pictures = [...own.map(viewable), ...picturesIn(attachment.blocks, team)];
  return pictures.map((each) => ({
    ...each,
    attachment: { ...each.attachment, source: 'embed' as const },
  }));
}

function picturesIn(blocks: unknown, team: string): MessageFile[] {
  return picturesOfBlocks(blocks).flatMap((picture) => pictureOf(picture, team).map(viewable));
}

function pictureOf({ imageUrl, altText, slackFile }: BlockPicture, team: string): Attachment[] {
  const { id, url } = slackFile ?? {};
  if (id != null || url != null)
    return [{ url: fileUrl({ id: id ?? '', url_private: url }, team), ...described(altText) }];
  return isWebAddress(imageUrl) ? [{ url: imageUrl, ...described(altText) }] : [];
}

function viewable(attachment: Attachment): MessageFile {
  return { attachment, isViewable: true, mrkdwn: '' };
}

/**
 * Apps say what stands in previews and blocks: an address there that looks like one of `fileUrl` could name a file of
 * another team, which would be fetched with the token of that.
 */
function isWebAddress(url: string | null | undefined): url is string {
  return url != null && /^https?:\/\//i.test(url);
}

type PlainAttachment = Omit<SlackAttachment, 'attachments'> & Partial<SlackAttachment>;

/** What Slack writes as fallback where it knows none. */
const noFallback = '[no preview available]';

/** All that hangs below a message says, as mrkdwn; its fallback where it says nothing else. */
function attachmentText(attachment: PlainAttachment): string {
  const { pretext, title, text, fields, blocks, message_blocks, attachments } = attachment;
  const own = [
    pretext,
    title,
    text,
    ...(fields ?? []).map((field) => [field.title, field.value].filter(isSaid).join(': ')),
  ];
  const inBlocks = textOfBlocks([
    ...(Array.isArray(blocks) ? blocks : []),
    ...(message_blocks ?? []).flatMap(({ message }) => message?.blocks ?? []),
  ]);
  const below = (attachments ?? []).map(attachmentText);
  const said = [mergedText(own.filter(isSaid).join('\n'), inBlocks), ...below].filter(isSaid);
  const { fallback } = attachment;
  if (said.length === 0 && fallback && fallback !== noFallback) said.push(fallback);
  // That of a shared message says where it was posted.
  const footer = isShared(attachment) ? undefined : attachment.footer;
  return [...said, footer].filter(isSaid).join('\n');
}

/** A text and what blocks beside it say; the one alone that says all of the other. */
function mergedText(text: string, blocksText: string): string {
  const [ofText, ofBlocks] = [bareText(text), bareText(blocksText)];
  if (saysAll(ofText, ofBlocks)) return text.trim() === '' ? blocksText : text;
  if (saysAll(ofBlocks, ofText)) return blocksText;
  return `${text}\n${blocksText}`;
}

/** Looking for a text in a long one can take time quadratic in both, so that only the beginning of that is compared. */
function saysAll(whole: string, part: string): boolean {
  return whole.length <= maxSearched ? whole.includes(part) : whole.startsWith(part);
}

const maxSearched = 4000;

/** What two ways of writing the same have in common: letters and digits without numbers of lists and labels. */
function bareText(mrkdwn: string): string {
  return mrkdwn
    .replace(/<([^<>|]*)\|[^<>]*>/g, '$1')
    .replace(/^[ \t]*\w{1,3}\.[ \t]/gm, '')
    .replace(/[^\p{L}\p{N}]+/gu, '');
}

function isSaid(text: string | null | undefined): text is string {
  return text != null && text.trim() !== '';
}

function described(description: string | null | undefined): { description?: string } {
  return description ? { description: description.slice(0, maxDescriptionLength) } : {};
}
