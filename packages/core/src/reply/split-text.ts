import { lastTextBreaks } from './text-breaks.js';

/** The line that opens or closes a fence of Markdown code; none is so long that it fills a message. */
const fenceLine = /^ {0,3}(`{3,20}|~{3,20})(?![`~])(.*)$/;

/**
 * Splits a text into messages of at most `maxLength` characters (UTF-16 units, 100 or more): between
 * paragraphs, lines or words where there are any in the second half, and never within a character.
 * A fence of code that is cut is closed and opened again. Text that is added at the end changes only
 * what the last message says, so that a growing answer can be shown.
 */
export function splitText(text: string, maxLength: number): string[] {
  const messages: string[] = [];
  let rest = text.trim();
  let opening = '';
  while (rest !== '') {
    if (opening.length + rest.length <= maxLength) {
      messages.push(opening + rest);
      break;
    }
    const room = maxLength - opening.length;
    const closingRoom = longestClosing(rest.slice(0, room), opening);
    const end = lastBreak(rest, room - closingRoom);
    const head = opening + rest.slice(0, end).trimEnd();
    const fence = openFenceOf(head);
    messages.push(fence === undefined ? head : `${head}\n${fence.closing}`);
    opening = fence === undefined ? '' : `${fence.opening}\n`;
    rest = rest.slice(end).replace(fence === undefined ? /^\s+/ : /^\n/, '');
  }
  return messages;
}

interface Fence {
  /** The line that opens it, its language included, as far as that is short. */
  opening: string;
  closing: string;
}

/** The fence that is open at the end of a text. */
function openFenceOf(text: string): Fence | undefined {
  let open: Fence | undefined;
  for (const line of text.split('\n')) {
    const [, marks, info = ''] = fenceLine.exec(line) ?? [];
    if (marks === undefined) continue;
    if (open === undefined) open = { opening: marks + info.trim().slice(0, 20), closing: marks };
    else if (info.trim() === '' && marks.startsWith(open.closing)) open = undefined;
  }
  return open;
}

/** What must be kept free for the line that closes a fence, wherever the text is cut. */
function longestClosing(text: string, opening: string): number {
  const lengths = (opening + text)
    .split('\n')
    .map((line) => fenceLine.exec(line)?.[1]?.length ?? 0);
  const longest = Math.max(0, ...lengths);
  return longest === 0 ? 0 : longest + 1;
}

/** Where to cut a text that is longer than `room`. */
function lastBreak(text: string, room: number): number {
  const window = text.slice(0, room);
  const end = lastTextBreaks(window).find((each) => each > room / 2);
  if (end !== undefined) return end;
  return lastCharacterEnd(text, room);
}

/** The last border of what a person sees as one character, at or before `room`. */
function lastCharacterEnd(text: string, room: number): number {
  // A little more than the window, so that a character across its end is seen whole.
  const segments = new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(
    text.slice(0, room + 64),
  );
  const at = segments.containing(Math.min(room, text.length - 1))?.index ?? room;
  // A character longer than a message can only be cut, though not within a surrogate pair.
  if (at > 0) return at;
  return /[\uD800-\uDBFF]/.test(text[room - 1] ?? '') ? room - 1 : room;
}
