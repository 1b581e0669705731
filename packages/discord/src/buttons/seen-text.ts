import type { PictureSource, SeenForAnswer } from '@vistazo/core';
import { escapeMarkdown, TimestampStyles, time } from 'discord.js';
import type { Language } from '../language.js';

const maxTextLength = 2000;
const maxNameLength = 80;

/** What a model saw for an answer, in as many lines as there is room for. */
export function seenText(seen: SeenForAnswer, language: Language): string {
  const words = wordsOf[language];
  const { pictures, promptTokens, imageTokens, leftOut, notes } = seen;
  const lines = [
    words.head(
      pictures.length,
      promptTokens.toLocaleString(language),
      imageTokens.toLocaleString(language),
    ),
    ...pictures.map(
      (picture, index) => `${picture.number ?? index + 1}. ${pictureLine(picture, words)}`,
    ),
    ...headed(
      words.leftOut,
      leftOut.map(({ sentence }) => sentence),
    ),
    ...headed(words.files, notes),
  ];
  return withinLimit(lines, words.more);
}

function pictureLine(
  { widthPx, heightPx, tokens, provenance }: SeenForAnswer['pictures'][number],
  words: Words,
): string {
  const size = `${widthPx} × ${heightPx} px, ${words.tokens(tokens)}`;
  if (provenance === undefined) return size;
  const { name, author, postedAtMs, place, source } = provenance;
  const part =
    place === undefined
      ? []
      : [
          place.type === 'page'
            ? words.page(place.page)
            : words.second(Math.floor(place.atMs / 1000)),
        ];
  const posted = time(Math.floor(postedAtMs / 1000), TimestampStyles.RelativeTime);
  return [
    harmless(name ?? words.picture),
    ...part,
    words.from(harmless(author), posted),
    ...(source === undefined ? [] : [words.sources[source]]),
    size,
  ].join(', ');
}

function headed(head: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [head, ...lines.map((line) => `- ${escapeMarkdown(line)}`)];
}

/** Names are as people wrote them. */
function harmless(name: string): string {
  return escapeMarkdown(name.replace(/\s+/g, ' ').slice(0, maxNameLength));
}

function withinLimit(lines: readonly string[], more: string): string {
  const kept: string[] = [];
  for (const line of lines) {
    if ([...kept, line, more].join('\n').length > maxTextLength) return [...kept, more].join('\n');
    kept.push(line);
  }
  return kept.join('\n');
}

interface Words {
  head(pictures: number, tokens: string, imageTokens: string): string;
  tokens(count: number): string;
  from(author: string, posted: string): string;
  page(page: number): string;
  second(second: number): string;
  picture: string;
  sources: Record<PictureSource, string>;
  leftOut: string;
  files: string;
  more: string;
}

const wordsOf: Record<Language, Words> = {
  en: {
    head: (pictures, tokens, imageTokens) =>
      `The model saw ${pictures === 1 ? '1 picture' : `${pictures} pictures`} and ${tokens} tokens, ${imageTokens} of them of pictures.`,
    tokens: (count) => `${count} tokens`,
    from: (author, posted) => `from ${author} ${posted}`,
    page: (page) => `page ${page}`,
    second: (second) => `at second ${second}`,
    picture: 'picture',
    sources: {
      reply: 'replied to',
      forward: 'forwarded',
      embed: 'preview of a link',
      sticker: 'sticker',
      history: 'posted before',
      thread: 'beginning of the thread',
    },
    leftOut: 'Left out:',
    files: 'Files:',
    more: '…',
  },
  es: {
    head: (pictures, tokens, imageTokens) =>
      `El modelo vio ${pictures === 1 ? '1 imagen' : `${pictures} imágenes`} y ${tokens} tokens, de ellos ${imageTokens} de imágenes.`,
    tokens: (count) => `${count} tokens`,
    from: (author, posted) => `de ${author} ${posted}`,
    page: (page) => `página ${page}`,
    second: (second) => `en el segundo ${second}`,
    picture: 'imagen',
    sources: {
      reply: 'del mensaje respondido',
      forward: 'reenviada',
      embed: 'vista previa de un enlace',
      sticker: 'sticker',
      history: 'publicada antes',
      thread: 'del principio del hilo',
    },
    leftOut: 'No cupo:',
    files: 'Archivos:',
    more: '…',
  },
};
