import fc from 'fast-check';
import MarkdownIt from 'markdown-it';
import { describe, expect, it } from 'vitest';
import { harmlessText } from '../../../packages/core/src/reply/harmless-text.ts';
import { splitAnswer } from '../../../packages/core/src/reply/split-answer.ts';

const harmless = (text: string) => harmlessText(text, 'fromConversation', new Set());

/** Rules of Discord's Markdown in their order, each from where it begins; what is left is text. */
const discordRules: [kind: string, rule: RegExp][] = [
  ['escape', /\\[^0-9A-Za-z\s]/y],
  ['code', /```(?:[a-z0-9_+\-.#]+?\n)?\n*[^\n][\s\S]*?\n*```/iy],
  ['link', /<https?:\/\/[^\s>]+>|https?:\/\/[^\s<]+[^<.,:;"'\]\s]/y],
  [
    'labelled',
    /\[((?:\[[^\]]*\]|[^[\]]|\](?=[^[]*\]))*)\]\(\s*<?((?:\([^)]*\)|[^\s\\]|\\.)*?)>?(?:\s+['"][\s\S]*?['"])?\s*\)/y,
  ],
  ['marked', /\*\*((?:\\[\s\S]|[^\\])+?)\*\*(?!\*)/y],
  ['marked', /__((?:\\[\s\S]|[^\\])+?)__(?!_)/y],
  ['marked', /~~([\s\S]+?)~~(?!_)/y],
  ['marked', /\|\|([\s\S]+?)\|\|/y],
  [
    'marked',
    /\b_((?:__|\\[\s\S]|[^\\_])+?)_\b|\*(?=\S)((?:\*\*|\\[\s\S]|\s+(?:\\[\s\S]|[^\s*\\]|\*\*)|[^\s*\\])+?)\*(?!\*)/y,
  ],
  ['code', /(`+)([\s\S]*?[^`])\1(?!`)/y],
];

/** The addresses that Discord makes links of. */
function linksOnDiscord(text: string): string[] {
  const links: string[] = [];
  for (let at = 0; at < text.length; ) {
    const found = matchAt(text, at);
    if (found === undefined) {
      at += 1;
      continue;
    }
    const { kind, match } = found;
    if (kind === 'link') links.push(match[0]);
    if (kind === 'labelled') links.push(match[2] ?? '', ...linksOnDiscord(match[1] ?? ''));
    if (kind === 'marked') links.push(...linksOnDiscord(match[1] ?? match[2] ?? ''));
    at += match[0].length;
  }
  return links;
}

function matchAt(text: string, at: number) {
  for (const [kind, rule] of discordRules) {
    rule.lastIndex = at;
    const match = rule.exec(text);
    if (match !== null) return { kind, match };
  }
  return undefined;
}

const commonMark = new MarkdownIt({ html: false, linkify: true });

/** The addresses that a reader of CommonMark, with tables, makes links of. */
function linksInCommonMark(text: string): string[] {
  const tokens = commonMark.parse(text, {}).flatMap((token) => [token, ...(token.children ?? [])]);
  return tokens.flatMap((token) => String(token.attrGet('href') ?? token.attrGet('src') ?? ''));
}

const pieces = fc.constantFrom(
  ...[
    '`',
    '``',
    '```',
    '````',
    '\n```\n',
    '\n```js\n',
    '\n    ```\n',
    '\n',
    '\n\n',
    ' ',
    '\\',
    '|',
    '||',
  ],
  ...[
    '*',
    '**',
    '_',
    '__',
    '~~',
    '[',
    ']',
    '](',
    ')',
    '(',
    '<',
    '>',
    '"',
    '- ',
    '> ',
    '# ',
    '[a]: ',
  ],
  ...[
    'https://evil.example',
    '[a](https://evil.example)',
    '<https://evil.example>',
    'a',
    '\n| a |\n|---|\n| ',
  ],
);
const wild = fc.array(pieces, { maxLength: 25 }).map((parts) => parts.join(''));
const isEvil = (link: string) => link.includes('://evil');

describe('code in an answer', () => {
  it.each([
    [
      'fenced',
      'Write this:\n\n```html\n<div><a href="https://a.example/x">A</a></div>\n```\n\nDone.',
    ],
    ['inline', 'Close it with `</div>` and fetch `https://a.example/x?y=1`.'],
    ['inline with backticks in it', 'Write ``a `b` https://a.example`` there.'],
    ['in a list', '1. First:\n\n   ```sh\n   curl https://a.example\n   ```\n2. Then `</b>`.'],
    ['beside emphasis', '**Note**: use `SELECT * FROM a` and\n* `</a>`\n* `https://a.example`\n'],
    ['with comments', '```xml\n<!-- https://a.example --><!DOCTYPE html>\n```'],
    ['in several fences', '```\nhttps://a.example\n```\nand\n```py\n"www.a.example"\n```'],
    ['with an e-mail address', 'Set `href="mailto:a@b.example"` in `</head>`.'],
  ])('is left byte for byte: %s', (_, text) => {
    expect(harmless(text)).toBe(text);
    expect(linksOnDiscord(text)).toEqual([]);
  });

  it.each([
    '<@123>',
    '<@!123>',
    '<@&9>',
    '<#5>',
    '<!channel>',
    '<!here|here>',
    '<!subteam^S1>',
    '</ask:1>',
    '@everyone',
    '@here',
  ])('mentions nobody: %s', (mention) => {
    for (const text of [`\`${mention}\``, `\`\`\`\n${mention}\n\`\`\``])
      expect(harmless(text)).not.toContain(mention);
  });

  it.each([
    ['a fence without an end', '```\nhttps://evil.example'],
    ['a mark without a partner', 'a ` b\n`https://evil.example`'],
    ['an escaped mark', '\\`https://evil.example`'],
    ['emphasis that reaches into it', '*a `b* https://evil.example `'],
    ['a link that reaches into it', '[ `a](https://a.example) https://evil.example `'],
    ['a fence within a fence', '````\n```\nhttps://evil.example\n```\n````'],
    ['cells of a table', '| a |\n|---|\n| `x | https://evil.example` |'],
    ['an empty fence', '```\n```\nhttps://evil.example\n```'],
  ])('is no link where it is doubtful: %s', (_, text) => {
    expect(harmless(text)).not.toContain('://evil');
  });

  it('is no link, however its marks stand, on Discord and in CommonMark', () => {
    fc.assert(
      fc.property(wild, (text) => {
        const posted = harmless(text);
        expect(linksOnDiscord(posted).filter(isEvil)).toEqual([]);
        expect(linksInCommonMark(posted).filter(isEvil)).toEqual([]);
      }),
      { numRuns: 8000 },
    );
  });

  it('is no link where the answer is cut into messages within it', () => {
    const code = `\`${'see https://evil.example '.repeat(20)}\``;
    const text = `Look: ${code} and ${'words '.repeat(40)}`;
    expect(harmless(text)).toContain('https://evil.example');
    const messages = splitAnswer(harmless(text), 200);
    for (const message of messages) {
      expect(message.length).toBeLessThanOrEqual(200);
      expect(linksOnDiscord(message)).toEqual([]);
    }
    fc.assert(
      fc.property(wild, fc.integer({ min: 100, max: 120 }), (wildText, maxLength) => {
        const long = `${wildText} ${'words '.repeat(15)}${wildText} ${'words '.repeat(15)}${wildText}`;
        for (const message of splitAnswer(harmless(long), maxLength)) {
          expect(message.length).toBeLessThanOrEqual(maxLength);
          expect(linksOnDiscord(message).filter(isEvil)).toEqual([]);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
