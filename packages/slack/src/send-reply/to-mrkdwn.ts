import MarkdownIt, { type Token } from 'markdown-it';
import { escapeMrkdwn, fenceLine, zeroWidthSpace } from '../mrkdwn.js';
import { inlineMrkdwn, inlineText, literalMrkdwn, type Mark } from './inline-mrkdwn.js';
import { tableText } from './table-text.js';

/** How deep quotes and lists may lie in each other; the parser drops what is deeper, which is shown as it was written. */
const maxNesting = 100;
/** One level of a list, up to {@link maxIndents} of them. */
const indent = '    ';
const maxIndents = 4;
const rule = '─'.repeat(20);

const parser = new MarkdownIt({ html: false, linkify: true, maxNesting })
  // What defines a link elsewhere would be lost, and a line of dashes makes headings of what grows above it.
  .disable(['reference', 'lheading']);
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
for (const scheme of ['ftp:', '//']) parser.linkify.add(scheme, null);
parser.validateLink = (url) => /^(?:https?:\/\/|mailto:)[^\s<>|]+$/i.test(url);

/** A part of an answer; a list is one for each paragraph of it. */
interface Part {
  kind: 'text' | 'quote' | 'code';
  mrkdwn: string;
  /** Whether it begins with the marker of an item. */
  isItem?: boolean;
  /** What stands between it and the part before. */
  gap: '\n' | '\n\n';
}

/**
 * A model's Markdown (CommonMark with tables and strikethrough) as Slack's mrkdwn
 * (https://docs.slack.dev/messaging/formatting-message-text), of which each prefix is well-formed too.
 * Headings become bold lines, tables aligned code, pictures links. Links lead to `http`, `https` and
 * `mailto`; others stay as written. `&`, `<` and `>` are escaped everywhere, so that nothing mentions
 * anybody. Marks that are no formatting get spaces of no width beside them.
 */
export function toMrkdwn(markdown: string): string {
  const tokens = parser.parse(markdown, {});
  if (tokens.some(({ level }) => level >= maxNesting - 2)) return literalMrkdwn(markdown).trim();
  const parts = partsOf(new Cursor(tokens));
  return parts
    .map(({ mrkdwn, kind, gap }, index) => {
      if (index === 0) return mrkdwn;
      const isQuoteGoingOn = kind === 'quote' && parts[index - 1]?.kind === 'quote';
      return (isQuoteGoingOn && gap === '\n\n' ? '\n>\n' : gap) + mrkdwn;
    })
    .join('');
}

class Cursor {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** The next token, unless it closes what the caller reads: that is taken too, and ends it. */
  next(): Token | undefined {
    const token = this.#tokens[this.#at];
    this.#at += 1;
    return token === undefined || token.nesting < 0 ? undefined : token;
  }
}

/** What lies in a block, up to its end. */
function partsOf(cursor: Cursor): Part[] {
  const parts: Part[] = [];
  for (let token = cursor.next(); token !== undefined; token = cursor.next())
    parts.push(...blockParts(token, cursor));
  return parts;
}

function blockParts(token: Token, cursor: Cursor): Part[] {
  switch (token.type) {
    case 'paragraph_open':
      return [paragraph(cursor, [], token.hidden ? '\n' : '\n\n')];
    case 'heading_open':
      return [paragraph(cursor, ['*'], '\n\n')];
    case 'bullet_list_open':
    case 'ordered_list_open':
      return listParts(token, cursor);
    case 'blockquote_open':
      return partsOf(cursor).map(quoted);
    case 'table_open':
      return codeParts(tableText(tableRows(cursor)));
    case 'hr':
      return [{ kind: 'text', mrkdwn: rule, gap: '\n\n' }];
    default:
      // Code, fenced or indented; the end of one that grows is missing yet.
      return codeParts(token.content.replace(/\n$/, ''));
  }
}

function paragraph(cursor: Cursor, marks: readonly Mark[], gap: Part['gap']): Part {
  let mrkdwn = '';
  for (let token = cursor.next(); token !== undefined; token = cursor.next())
    mrkdwn += inlineMrkdwn(token.children ?? [], marks);
  return { kind: 'text', mrkdwn, gap };
}

function codeParts(code: string): Part[] {
  // Slack would show its marks; an answer that grows has just begun it.
  if (code.trim() === '') return [];
  // No backtick stands beside another one, so that nothing in it ends it.
  const mute = escapeMrkdwn(code).replace(/`(?=`)/g, `\`${zeroWidthSpace}`);
  const mrkdwn = `${fenceLine}\n${mute}\n${fenceLine}`;
  return [{ kind: 'code', mrkdwn, gap: '\n\n' }];
}

/** Slack has no quotes in quotes, and no code in them: code stands between two. */
function quoted(part: Part): Part {
  if (part.kind !== 'text') return part;
  return { ...part, kind: 'quote', mrkdwn: part.mrkdwn.replace(/^/gm, '> ') };
}

function listParts(list: Token, cursor: Cursor): Part[] {
  let number = Number(list.attrGet('start') ?? 1);
  const parts: Part[] = [];
  for (let item = cursor.next(); item !== undefined; item = cursor.next()) {
    const marker = list.type === 'bullet_list_open' ? '• ' : `${number}${item.markup} `;
    number += 1;
    parts.push(...itemParts(marker, partsOf(cursor)));
  }
  return parts.map((part, index) => (index === 0 ? { ...part, gap: '\n\n' } : part));
}

function itemParts(marker: string, content: readonly Part[]): Part[] {
  const [first, ...others] = content;
  if (first === undefined || first.kind !== 'text' || first.isItem) {
    const bare: Part = { kind: 'text', mrkdwn: marker.trimEnd(), isItem: true, gap: '\n' };
    return [bare, ...content.map((part) => inItem({ ...part, gap: '\n' }))];
  }
  const task = first.mrkdwn.replace(/^\[([ xX])\] /, (_, mark) => (mark === ' ' ? '☐ ' : '☑ '));
  const [line = '', ...lines] = task.split('\n');
  const head = [marker + line, ...lines.map((each) => indent + each)].join('\n');
  const inside = others.map((part) => (part.isItem ? { ...part, gap: first.gap } : part));
  return [{ ...first, mrkdwn: head, isItem: true }, ...inside.map(inItem)];
}

function inItem(part: Part): Part {
  if (part.kind !== 'text') return part;
  const deep = new RegExp(`^(?!(?:${indent}){${maxIndents}})`, 'gm');
  return { ...part, mrkdwn: part.mrkdwn.replace(deep, indent) };
}

function tableRows(cursor: Cursor): string[][] {
  const rows: string[][] = [];
  for (let group = cursor.next(); group !== undefined; group = cursor.next())
    for (let row = cursor.next(); row !== undefined; row = cursor.next()) {
      const cells: string[] = [];
      for (let cell = cursor.next(); cell !== undefined; cell = cursor.next())
        for (let inline = cursor.next(); inline !== undefined; inline = cursor.next())
          cells.push(inlineText(inline.children ?? []));
      rows.push(cells);
    }
  return rows;
}
