import type { Token } from 'markdown-it';
import { escapeMrkdwn, zeroWidthSpace } from '../mrkdwn.js';

/** A mark of mrkdwn that stands before and after what it formats. */
export type Mark = '*' | '_' | '~';

/** A stretch of a line that looks the same. */
interface Run {
  /** Escaped, and without a mark that would format something. */
  mrkdwn: string;
  /** Around it, the outermost first. */
  marks: readonly (Mark | '`')[];
}

/** Longest link (UTF-16 units): a longer one is shown as text, as a message could not be cut beside it. */
const maxLinkLength = 2000;

const markOf: Record<string, Mark> = { strong: '*', em: '_', s: '~' };
const wordAtEnd = /[\p{L}\p{N}\p{M}*_~`]$/u;
const wordAtStart = /^[\p{L}\p{N}\p{M}*_~`]/u;

/** The content of a paragraph, heading or cell as mrkdwn; each line has its marks closed, as Slack ends them there. */
export function inlineMrkdwn(tokens: readonly Token[], marks: readonly Mark[] = []): string {
  return linesOf(tokens, marks).map(lineMrkdwn).join('\n');
}

/** The content of a cell as one line of text, neither formatted nor escaped. */
export function inlineText(tokens: readonly Token[]): string {
  let text = '';
  let href = '';
  let linkStart = 0;
  for (const token of tokens) {
    if (token.type === 'link_open') {
      href = addressOf(token, 'href');
      linkStart = text.length;
    } else if (token.type === 'link_close') {
      if (token.markup === '' && text.slice(linkStart) !== href) text += inBrackets(href);
    } else if (token.type.endsWith('break')) text += ' ';
    else if (token.type === 'image') text += token.content + inBrackets(addressOf(token, 'src'));
    else text += token.content.replace(/<br *\/?>/gi, ' ');
  }
  return text.replace(/\s+/g, ' ').trim();
}

function linesOf(tokens: readonly Token[], outerMarks: readonly Mark[]): Run[][] {
  let line: Run[] = [];
  const lines = [line];
  /** How often each mark is open, the outermost first. */
  const open = new Map<Mark, number>(outerMarks.map((mark) => [mark, 1]));
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token === undefined) break;
    const mark = markOf[token.type.replace(/_(open|close)$/, '')];
    // The same mark twice around a text would end it.
    const marks = [...open.keys()];
    if (mark !== undefined) {
      const count = (open.get(mark) ?? 0) + token.nesting;
      if (count > 0) open.set(mark, count);
      else open.delete(mark);
    } else if (token.type === 'link_open') {
      const end = closingOf(tokens, index);
      const label = inlineText(tokens.slice(index + 1, end).filter((each) => each.nesting === 0));
      line.push({ mrkdwn: linkMrkdwn(addressOf(token, 'href'), label), marks });
      index = end;
    } else if (token.type === 'image') {
      line.push({ mrkdwn: linkMrkdwn(addressOf(token, 'src'), token.content), marks });
    } else if (token.type.endsWith('break')) {
      line = [];
      lines.push(line);
    } else if (token.type === 'code_inline') {
      line.push(codeRun(token.content, marks));
    } else if (token.content !== '') {
      line.push({ mrkdwn: literalMrkdwn(token.content), marks });
    }
  }
  return lines;
}

/** Links lie in no other ones. */
function closingOf(tokens: readonly Token[], opening: number): number {
  let index = opening + 1;
  while (index < tokens.length && tokens[index]?.type !== 'link_close') index += 1;
  return index;
}

function inBrackets(address: string): string {
  return address === '' ? '' : ` (${address})`;
}

function addressOf(token: Token, attribute: 'href' | 'src'): string {
  return String(token.attrGet(attribute) ?? '');
}

/** Code within a line. No way is known to show a backtick in it; with one, it is plain text. */
function codeRun(content: string, marks: Run['marks']): Run {
  if (content.includes('`') || content.trim() === '')
    return { mrkdwn: literalMrkdwn(content), marks };
  return { mrkdwn: escapeMrkdwn(content), marks: [...marks, '`'] };
}

/** `<url|label>`; the label where there is no address, as in `[label]()`. An address has neither `|` nor `>` nor space, as the parser encodes them. */
function linkMrkdwn(href: string, label: string): string {
  if (href === '') return literalMrkdwn(label);
  const url = escapeMrkdwn(href).replaceAll('|', '%7C');
  const isSame = label === '' || label === href;
  const link = isSame ? `<${url}>` : `<${url}|${literalMrkdwn(label)}>`;
  if (link.length <= maxLinkLength) return link;
  return literalMrkdwn(isSame ? href : `${label} (${href})`);
}

/**
 * A text in which nothing formats. Slack knows no escape for its marks (`*`, `_`, `~`, backtick), but
 * one with space on both sides, or within a word, is a mark of nothing: the others get a space of no
 * width on either side, and so does a `>` that would begin a quote.
 */
export function literalMrkdwn(text: string): string {
  const mute = text.replace(/[*_~`]+/g, (found, at: number) => {
    const before = text.slice(Math.max(0, at - 2), at);
    const after = text.slice(at + found.length, at + found.length + 2);
    const isInWord = /[\p{L}\p{N}]$/u.test(before) && /^[\p{L}\p{N}]/u.test(after);
    const isAlone = /\s$/.test(before) && /^\s/.test(after);
    if (!found.includes('`') && (isInWord || (isAlone && found.length === 1))) return found;
    return zeroWidthSpace + [...found].join(zeroWidthSpace) + zeroWidthSpace;
  });
  return escapeMrkdwn(mute).replace(/^([^\S\r\n\u2028\u2029]*)&gt;/gm, `$1${zeroWidthSpace}&gt;`);
}

/** A line with its marks, which Slack reads only at the border of a word: there a space of no width makes one. */
function lineMrkdwn(runs: readonly Run[]): string {
  const line = new Line();
  let open: Run['marks'] = [];
  const close = (from: number) => {
    line.add(open.slice(from).toReversed().join(''));
    open = open.slice(0, from);
  };
  for (const { mrkdwn, marks } of runs) {
    const differing = marks.findIndex((mark, at) => mark !== open[at]);
    const shared = differing < 0 ? marks.length : Math.min(differing, open.length);
    const hasClosed = shared < open.length;
    close(shared);
    const text = shared < marks.length ? mrkdwn.trimStart() : mrkdwn;
    const gap = mrkdwn.slice(0, mrkdwn.length - text.length);
    line.add(gap);
    const opening = text === '' ? [] : marks.slice(shared);
    const isBorderNeeded =
      gap === '' &&
      ((opening.length > 0 &&
        wordAtEnd.test(line.end) &&
        !endsWithOpening(line.end, open, hasClosed)) ||
        (hasClosed && opening.length === 0 && wordAtStart.test(text)));
    line.add((isBorderNeeded ? zeroWidthSpace : '') + opening.join('') + text);
    open = [...open, ...opening];
  }
  close(0);
  return line.text;
}

/** A line that grows. To look at the end of a long text that was just put together is to copy all of it. */
class Line {
  readonly #pieces: string[] = [];
  /** Its last characters. */
  end = '';

  add(piece: string): void {
    this.#pieces.push(piece);
    this.end = (this.end + piece.slice(-4)).slice(-4);
  }

  get text(): string {
    return this.#pieces.join('');
  }
}

/** Whether a line ends with the marks just opened, to which more may be added without a border. */
function endsWithOpening(end: string, open: Run['marks'], hasClosed: boolean): boolean {
  return !hasClosed && open.length > 0 && end.endsWith(open.at(-1) ?? '');
}
