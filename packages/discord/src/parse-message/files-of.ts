import type { Attachment } from '@vistazo/core';
import type { DiscordContent, DiscordFile } from './discord-message.js';

/** Stickers that are pictures; the fourth kind, Lottie, is a drawing program. */
const stickerEndings: Partial<Record<number, string>> = { 1: 'png', 2: 'png', 4: 'gif' };

/** The files of what was posted: its attachments, pictures of its embeds, and stickers. */
export function filesOf({ attachments, embeds, sticker_items }: DiscordContent): Attachment[] {
  return [
    ...attachments.map(attachmentOf),
    ...embeds.flatMap((embed) => {
      const picture = embed.image ?? embed.thumbnail;
      // Discord's own copy: what a link leads to is not asked.
      const url = picture?.proxy_url;
      if (url == null) return [];
      return [{ url, source: 'embed' as const, ...described(embed.title) }];
    }),
    ...sticker_items.flatMap(({ id, name, format_type }) => {
      const ending = stickerEndings[format_type];
      if (ending === undefined) return [];
      const url = `https://media.discordapp.net/stickers/${id}.${ending}`;
      const source = 'sticker' as const;
      return [{ url, name: `${name}.${ending}`, source, ...described(name) }];
    }),
  ];
}

/** Those that show something, where nobody said that the others should be looked at. */
export function visibleFilesOf(content: DiscordContent): Attachment[] {
  const attachments = content.attachments.filter(
    ({ content_type }) => content_type == null || /^(image|video)\//.test(content_type),
  );
  return filesOf({ ...content, attachments });
}

/** A file as core takes it. */
export function attachmentOf({ url, filename, description }: DiscordFile): Attachment {
  return { url, name: filename, ...described(description) };
}

function described(description: string | null | undefined): { description?: string } {
  return description ? { description: description.slice(0, maxDescriptionLength) } : {};
}

const maxDescriptionLength = 10_000;
