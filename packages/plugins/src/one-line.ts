import { harmlessText } from '@vistazo/core';

/** What opens a heading, a quote or a list in Markdown, at the beginning of a line. */
const opening = /^(?:(?:#{1,6}|[>*+-]|\d+[.)])\s+)+/u;

/**
 * Text of a model or of people for one line of a reply: what a plugin replies keeps its links, so that
 * theirs are disarmed here; it cannot open a heading, a quote or a list.
 */
export function oneLine(text: string, maxLength = 500): string {
  const line = text.replace(/\s+/gu, ' ').trim().replace(opening, '');
  return shortened(harmlessText(line, 'fromConversation', new Set()), maxLength);
}

/** At most so many characters (UTF-16 units), cut between words where it can be. */
export function shortened(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const cut = text.slice(0, maxLength - 1).replace(/[\uD800-\uDBFF]$/u, '');
  const atWord = cut.replace(/(?<!\s)\s+\S*$/u, '');
  return `${atWord.length > maxLength / 2 ? atWord : cut}…`;
}
