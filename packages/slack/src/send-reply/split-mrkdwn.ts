import { lastTextBreaks } from '@vistazo/core/adapter-kit';
import { fenceLine, lastCutUpTo } from '../mrkdwn.js';

/** What closes code that is cut. */
const closing = `\n${fenceLine}`;

/**
 * Splits mrkdwn of `toMrkdwn` into parts of at most `maxLength` characters (UTF-16 units, 3,000 or
 * more): between paragraphs, lines or words where there are any in the second half, and never within
 * an entity, a link or a character. Code that is cut is closed and opened again, and so is a quote.
 */
export function splitMrkdwn(mrkdwn: string, maxLength: number): string[] {
  const parts: string[] = [];
  let rest = mrkdwn;
  let opening = '';
  while (opening.length + rest.length > maxLength) {
    const end = lastBreak(rest, maxLength - opening.length - closing.length);
    const cut = cutBetween(opening + rest.slice(0, end), rest.slice(end));
    parts.push(cut.head);
    ({ opening, rest } = cut);
  }
  if (rest.trim() !== '') parts.push(opening + rest);
  return parts;
}

interface Cut {
  head: string;
  /** What the rest begins with, to look as it did before. */
  opening: string;
  rest: string;
}

function cutBetween(head: string, tail: string): Cut {
  if (isInCode(head)) return cutInCode(head.replace(/\n+$/, ''), tail.replace(/^\n+/, ''));
  const lastLine = head.slice(head.lastIndexOf('\n') + 1);
  const isBetweenLines = lastLine === '' || tail.startsWith('\n');
  return {
    head: head.trimEnd(),
    opening: !isBetweenLines && lastLine.startsWith('> ') ? '> ' : '',
    rest: isBetweenLines ? tail.replace(/^\n+/, '') : tail.trimStart(),
  };
}

/** No part ends or begins with code that has no line. */
function cutInCode(head: string, tail: string): Cut {
  const opening = `${fenceLine}\n`;
  if (head.endsWith(closing))
    return { head: head.slice(0, -closing.length).trimEnd(), opening, rest: tail };
  if (`${tail}\n`.startsWith(opening))
    return { head: head + closing, opening: '', rest: tail.slice(fenceLine.length).trimStart() };
  return { head: head + closing, opening, rest: tail };
}

function isInCode(mrkdwn: string): boolean {
  return mrkdwn.split('\n').filter((line) => line === fenceLine).length % 2 === 1;
}

/** Where to cut mrkdwn that is longer than `room`. */
function lastBreak(mrkdwn: string, room: number): number {
  const window = mrkdwn.slice(0, room);
  for (const each of lastTextBreaks(window)) {
    const end = lastCutUpTo(mrkdwn, each);
    if (end > room / 2) return end;
  }
  return lastCutUpTo(mrkdwn, room);
}
