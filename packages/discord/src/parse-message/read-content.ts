import type { Attachment, Quote } from '@vistazo/core';
import { isViewable } from '@vistazo/core/adapter-kit';
import type { DiscordContent, DiscordEmbed, DiscordFile } from './discord-message.js';
import { type CardFile, readComponents } from './read-components.js';

/** A file of a message. */
export interface ContentFile {
  attachment: Attachment;
  /** Whether it is a picture, video or PDF as far as Discord says. */
  isViewable: boolean;
}

/** What a message says and shows, whoever wrote it and however it comes. */
export interface ReadContent {
  /** Its words in Discord's marks: what was written, text displays of cards, and a poll. */
  text: string;
  /** Attachments, files and pictures of cards, pictures of embeds, and stickers. */
  files: ContentFile[];
  /** What its embeds say. */
  embeds: Quote[];
}

/** Stickers that are pictures; the fourth kind, Lottie, is a drawing program. */
const stickerEndings: Partial<Record<number, string>> = { 1: 'png', 2: 'png', 4: 'gif' };

/** Reads a message, or one that was forwarded. */
export function readContent(content: DiscordContent): ReadContent {
  const card = readComponents(content.components);
  const files = [
    ...content.attachments.map((file) => ({
      attachment: attachmentOf(file),
      isViewable: isViewable({
        name: file.filename,
        mediaType: file.content_type,
        hasSize: Boolean(file.width && file.height),
      }),
    })),
    ...card.files.map(cardFile),
    ...content.embeds.flatMap(embedPicture),
    ...content.sticker_items.flatMap(sticker),
  ];
  return {
    text: [content.content, ...card.texts, pollText(content)].filter(isSaid).join('\n'),
    files: withoutRepeats(files, ({ attachment }) => attachment.url),
    embeds: content.embeds.flatMap(embedQuote),
  };
}

/** A file as core takes it. */
export function attachmentOf({ url, filename, description }: DiscordFile): Attachment {
  return { url, name: filename, ...described(description) };
}

/** The first of those that lead to the same file, which may be reached on several ways. */
export function withoutRepeats<T>(all: readonly T[], urlOf: (each: T) => string): T[] {
  const seen = new Set<string>();
  return all.filter((each) => {
    const key = fileKey(urlOf(each));
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}

/** Discord has two hosts for the same attachments, and signs their addresses in the query. */
function fileKey(url: string): string {
  return url
    .replace(/[?#].*$/s, '')
    .replace(
      /^https:\/\/(cdn\.discordapp\.com|media\.discordapp\.net)\/attachments\//,
      'attachments/',
    );
}

function cardFile({ url, name, description, isFile, ...said }: CardFile): ContentFile {
  const attachment = { url, ...(name && { name: name.slice(0, 1000) }), ...described(description) };
  return { attachment, isViewable: !isFile || isViewable({ name, ...said }) };
}

function embedPicture({ image, thumbnail, title }: DiscordEmbed): ContentFile[] {
  // Discord's own copy: what a link leads to is not asked.
  const url = image?.proxy_url ?? thumbnail?.proxy_url;
  if (url == null) return [];
  return [{ attachment: { url, source: 'embed', ...described(title) }, isViewable: true }];
}

function sticker({
  id,
  name,
  format_type,
}: DiscordContent['sticker_items'][number]): ContentFile[] {
  const ending = stickerEndings[format_type];
  if (ending === undefined) return [];
  const url = `https://media.discordapp.net/stickers/${id}.${ending}`;
  const attachment = {
    url,
    name: `${name}.${ending}`,
    source: 'sticker' as const,
    ...described(name),
  };
  return [{ attachment, isViewable: true }];
}

function pollText({ poll }: DiscordContent): string {
  if (poll == null) return '';
  const answers = poll.answers.map(({ poll_media }) => `- ${poll_media.text ?? ''}`);
  return [poll.question.text ?? '', ...answers].join('\n');
}

function embedQuote({ title, description, fields, footer, author }: DiscordEmbed): Quote[] {
  const said = [
    title,
    description,
    ...(fields ?? []).map(({ name, value }) => [name, value].filter(isSaid).join(': ')),
    footer?.text,
  ].filter(isSaid);
  const name = author?.name;
  // An author alone is all that some embeds say.
  const text = said.join('\n') || name || '';
  if (!isSaid(text)) return [];
  return [
    {
      source: 'embed',
      text: text.slice(0, maxTextLength),
      ...(name && { author: name.slice(0, 1000) }),
    },
  ];
}

/** Zero-width spaces stand where a card or embed wants a text and has none. */
function isSaid(text: string | null | undefined): text is string {
  return text != null && text.replaceAll('\u200B', '').trim() !== '';
}

function described(description: string | null | undefined): { description?: string } {
  return description ? { description: description.slice(0, maxTextLength) } : {};
}

const maxTextLength = 10_000;
