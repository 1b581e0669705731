/** Nothing is seen of it; Slack takes it for a space, so a mark beside it formats nothing. */
export const zeroWidthSpace = '\u200B';

/** The line before and after code in mrkdwn that is ours; no other line of ours has three backticks in a row. */
export const fenceLine = '```';

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const characters: Record<string, string> = { amp: '&', lt: '<', gt: '>' };

/**
 * A text as mrkdwn shows it: with the three characters escaped by which Slack finds mentions, commands
 * and links (https://docs.slack.dev/messaging/formatting-message-text#escaping). Marks like `*` stay.
 */
export function escapeMrkdwn(text: string): string {
  return text.replace(/[&<>]/g, (character) => entities[character] ?? character);
}

/** What {@link escapeMrkdwn} made of a text, back: each entity once, so that `&amp;lt;` becomes `&lt;`. */
export function unescapeMrkdwn(mrkdwn: string): string {
  return mrkdwn.replace(/&(amp|lt|gt);/g, (entity, name: string) => characters[name] ?? entity);
}

/**
 * The last place at or before `end` (above 0, UTF-16 units) where escaped mrkdwn may be cut: not within
 * an entity, a `<…>` or what a person sees as one character. 0 if there is none but the beginning.
 */
export function lastCutUpTo(mrkdwn: string, end: number): number {
  if (end >= mrkdwn.length) return mrkdwn.length;
  const before = mrkdwn.slice(0, end);
  const link = before.lastIndexOf('<');
  if (link >= 0 && !before.includes('>', link)) return link;
  const entity = before.lastIndexOf('&');
  if (entity >= 0 && !before.includes(';', entity)) return entity;
  return lastCharacterEnd(mrkdwn, end);
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

function lastCharacterEnd(text: string, end: number): number {
  // A little more than the window, so that a character across its end is seen whole.
  const at = graphemes.segment(text.slice(0, end + 64)).containing(end)?.index ?? end;
  // A longer character can only be cut, though not within a surrogate pair.
  if (at > end - 64 && at > 0) return at;
  return /[\uD800-\uDBFF]/.test(text[end - 1] ?? '') ? end - 1 : end;
}
