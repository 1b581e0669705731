import type { SeenForAnswer } from '../adapter/adapter.js';
import type { PictureSource } from '../conversation/message.js';
import { sourceWords } from '../conversation/picture-labels.js';
import type { Language } from './language.js';
import { shortened } from './shortened.js';

const maxNameLength = 80;

/** How a platform writes what {@link seenText} says. */
export interface SeenMarkup {
  /** Text that says nothing to the platform but itself. */
  literal(text: string): string;
  /** How long ago a time was, in milliseconds since 1970. */
  ago(atMs: number): string;
  /** Most characters (UTF-16 units) of the whole. */
  maxTextLength: number;
}

/** What a model saw for an answer, in as many lines as there is room for. */
export function seenText(seen: SeenForAnswer, language: Language, markup: SeenMarkup): string {
  const words = wordsOf[language];
  const { pictures, promptTokens, imageTokens, leftOut, notes } = seen;
  const lines = [
    words.head(
      pictures.length,
      promptTokens.toLocaleString(language),
      imageTokens.toLocaleString(language),
    ),
    ...pictures.map(
      (picture, index) => `${picture.number ?? index + 1}. ${pictureLine(picture, words, markup)}`,
    ),
    ...headed(
      words.leftOut,
      leftOut.map(({ sentence }) => sentence),
      markup,
    ),
    ...headed(words.files, notes, markup),
  ];
  return withinLimit(lines, words.more, markup.maxTextLength);
}

function pictureLine(
  { widthPx, heightPx, tokens, provenance }: SeenForAnswer['pictures'][number],
  words: Words,
  { literal, ago }: SeenMarkup,
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
  const harmless = (text: string) => literal(oneLine(text));
  return [
    harmless(name ?? words.picture),
    ...part,
    words.from(harmless(author), ago(postedAtMs)),
    ...(source === undefined ? [] : [words.sources[source]]),
    size,
  ].join(', ');
}

function headed(head: string, lines: readonly string[], { literal }: SeenMarkup): string[] {
  return lines.length === 0 ? [] : [head, ...lines.map((line) => `- ${literal(line)}`)];
}

/** Names are as people wrote them. */
function oneLine(name: string): string {
  return shortened(name.replace(/\s+/g, ' '), maxNameLength);
}

function withinLimit(lines: readonly string[], more: string, maxTextLength: number): string {
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
    sources: sourceWords,
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
