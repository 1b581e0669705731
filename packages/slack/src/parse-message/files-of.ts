import type { Attachment } from '@vistazo/core';
import { fileUrl } from '../fetch-file/file-url.js';
import { unescapeMrkdwn } from '../mrkdwn.js';
import {
  imageBlocksOf,
  type SlackAttachment,
  type SlackFile,
  type SlackImageBlock,
  type SlackMessage,
} from './slack-message.js';

const maxDescriptionLength = 10_000;

/** A file of a message as core takes it. */
export function attachmentOf(file: SlackFile, team: string): Attachment {
  const name = file.name ?? file.title;
  return {
    url: fileUrl(file, team),
    ...(name != null && { name: name.slice(0, 1000) }),
    ...described(file.alt_txt),
  };
}

/** The files and pictures of a message, without those of what it shares. */
export function ownFilesOf(
  { files, blocks, attachments }: SlackMessage,
  team: string,
): Attachment[] {
  return [
    ...(files ?? []).map((file) => attachmentOf(file, team)),
    ...imageBlocksOf(blocks).flatMap((block) => pictureOf(block, team)),
    ...(attachments ?? [])
      .filter((each) => !isShared(each))
      .flatMap((each) => previewOf(each, team)),
  ];
}

/** The files and pictures of a message that was shared. */
export function sharedFilesOf(attachment: SlackAttachment, team: string): Attachment[] {
  const blocks = (attachment.message_blocks ?? []).flatMap(({ message }) =>
    imageBlocksOf(message?.blocks),
  );
  return [
    ...(attachment.files ?? []).filter(isVisible).map((file) => attachmentOf(file, team)),
    ...blocks.flatMap((block) => pictureOf(block, team)),
    ...[attachment, ...(attachment.attachments ?? [])].flatMap((each) => previewOf(each, team)),
  ];
}

/** Whether it is a message that somebody shared, or that a link leads to. */
export function isShared({ is_share, is_msg_unfurl }: SlackAttachment): boolean {
  return is_share === true || is_msg_unfurl === true;
}

/** Whether a file shows something, where nobody said that it should be looked at. */
export function isVisible({ mimetype, mode }: SlackFile): boolean {
  if (mode === 'tombstone' || mode === 'hidden_by_limit') return false;
  return mimetype == null || /^(image|video)\//.test(mimetype);
}

function previewOf(
  attachment: Pick<SlackAttachment, 'image_url' | 'thumb_url' | 'title' | 'blocks'>,
  team: string,
): Attachment[] {
  const url = [attachment.image_url, attachment.thumb_url].find(isWebAddress);
  const pictures = [
    ...(url != null ? [{ url, ...described(unescapeMrkdwn(attachment.title ?? '')) }] : []),
    ...imageBlocksOf(attachment.blocks).flatMap((block) => pictureOf(block, team)),
  ];
  return pictures.map((picture) => ({ ...picture, source: 'embed' }));
}

function pictureOf(
  { image_url, alt_text, slack_file }: SlackImageBlock,
  team: string,
): Attachment[] {
  const { id, url } = slack_file ?? {};
  if (id != null || url != null)
    return [{ url: fileUrl({ id: id ?? '', url_private: url }, team), ...described(alt_text) }];
  return isWebAddress(image_url) ? [{ url: image_url, ...described(alt_text) }] : [];
}

/**
 * Apps say what stands in previews and blocks: an address there that looks like one of `fileUrl` could name a file of
 * another team, which would be fetched with the token of that.
 */
function isWebAddress(url: string | null | undefined): url is string {
  return url != null && /^https?:\/\//i.test(url);
}

function described(description: string | null | undefined): { description?: string } {
  return description ? { description: description.slice(0, maxDescriptionLength) } : {};
}
