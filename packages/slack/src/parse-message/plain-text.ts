import { unescapeMrkdwn, zeroWidthSpace } from '../mrkdwn.js';

/** What the marks in a message stand for, as far as it is known. */
export interface MarkNames {
  user(id: string): string | undefined;
  channel(id: string): string | undefined;
  userGroup(id: string): string | undefined;
  /** Whose mention is left out. */
  botUserId: string;
}

/** `<…>`; none lies in another, as what people write is escaped. */
const mark = /<([^<>]*)>/g;
/** What an answer of a bot has beside marks that format nothing; see `literalMrkdwn`. */
const marksAndSpaces = new RegExp(`(?:[*_~\`${zeroWidthSpace}]|&gt;)+`, 'g');

/**
 * What a person wrote, of the text that Slack sends (https://docs.slack.dev/messaging/formatting-message-text):
 * with names for its marks, without the mention of the bot, links with their address, nothing escaped.
 */
export function plainText(text: string, names: MarkNames): string {
  const pieces: string[] = [];
  const add = (piece: string) => {
    if (piece !== '') pieces.push(piece);
  };
  let end = 0;
  for (const found of text.matchAll(mark)) {
    add(unmarked(text.slice(end, found.index)));
    const name = nameOf(found[1] ?? '', names);
    end = found.index + found[0].length;
    // What is left out leaves no gap.
    if (name === '' && text[end] === ' ') add((pieces.pop() ?? '').replace(/ $/, ''));
    add(name);
  }
  add(unmarked(text.slice(end)));
  return pieces.join('').trim();
}

function unmarked(mrkdwn: string): string {
  return unescapeMrkdwn(
    mrkdwn.replace(marksAndSpaces, (run) => {
      const marks = run.replaceAll(zeroWidthSpace, '');
      return marks === '' ? run : marks;
    }),
  );
}

/** What stands between `<` and `>`, as a person reads it. */
function nameOf(content: string, names: MarkNames): string {
  const bar = content.indexOf('|');
  const target = bar < 0 ? content : content.slice(0, bar);
  const label = bar < 0 ? '' : unmarked(content.slice(bar + 1));
  const id = target.slice(1);
  switch (target[0]) {
    case '@':
      if (id === names.botUserId) return '';
      return `@${names.user(id) ?? (label.replace(/^@/, '') || 'somebody')}`;
    case '#':
      return `#${names.channel(id) ?? (label.replace(/^#/, '') || 'a channel')}`;
    case '!':
      return commandText(id, label, names);
    default:
      return linkText(unescapeMrkdwn(target), label);
  }
}

function commandText(command: string, label: string, names: MarkNames): string {
  const [kind = '', id = ''] = command.split('^');
  if (kind === 'subteam')
    return `@${(names.userGroup(id) ?? label).replace(/^@/, '') || 'a group'}`;
  if (kind === 'date') return label;
  if (['here', 'channel', 'everyone'].includes(kind)) return `@${kind}`;
  return label || kind;
}

/** Slack writes most links with what was written of them: `<http://example.org|example.org>`. */
function linkText(url: string, label: string): string {
  const [, scheme = '', bare = ''] = /^(https?:\/\/|mailto:|tel:)?(.*)$/s.exec(url) ?? [];
  if (label !== '' && label !== url && label !== bare) return `${label} (${url})`;
  return scheme.startsWith('http') ? url : bare;
}
