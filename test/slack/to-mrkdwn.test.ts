import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unescapeMrkdwn } from '../../packages/slack/src/mrkdwn.ts';
import { toMrkdwn } from '../../packages/slack/src/send-reply/to-mrkdwn.ts';
import { wildMarkdown } from './wild-markdown.ts';

const visible = (mrkdwn: string) => mrkdwn.replaceAll('\u200B', '');
const ownLink = /<(?:https?:\/\/|mailto:)[^\s<>|]+(?:\|[^<>]*)?>/gi;

describe('Markdown as mrkdwn', () => {
  it.each([
    ['**bold** and __bold__', '*bold* and *bold*'],
    ['*it* and _it_', '_it_ and _it_'],
    ['~~gone~~', '~gone~'],
    ['***both***', '_*both*_'],
    ['**a *b* c**', '*a _b_ c*'],
    ['**two\nlines**', '*two*\n*lines*'],
    ['`a < b`', '`a &lt; b`'],
    ['# A **big** title', '*A big title*'],
    ['- one\n- two\n  - deep', '• one\n• two\n    • deep'],
    ['* one\n* two', '• one\n• two'],
    ['3. three\n4. four', '3. three\n4. four'],
    ['- [ ] open\n- [x] done', '• ☐ open\n• ☑ done'],
    ['> one\n> two\n\nafter', '> one\n> two\n\nafter'],
    ['> one\n>\n> > two', '> one\n>\n> two'],
    ['above\n\n---\n\nbelow', `above\n\n${'─'.repeat(20)}\n\nbelow`],
    ['[text](https://example.org)', '<https://example.org|text>'],
    ['[text](mailto:a@example.org)', '<mailto:a@example.org|text>'],
    ['**[text](https://example.org)**', '*<https://example.org|text>*'],
    ['[a|b>c](https://example.org/?q=1&r=2|3)', '<https://example.org/?q=1&amp;r=2%7C3|a|b&gt;c>'],
    ['see https://example.org/a_b_c.', 'see <https://example.org/a_b_c>.'],
    ['![alt](https://example.org/x.png)', '<https://example.org/x.png|alt>'],
    ['[text](javascript:alert)', '[text](javascript:alert)'],
    ['[text](/relative)', '[text](/relative)'],
    ['[text]() ![alt]()', 'text alt'],
    ['a & b &amp; c', 'a &amp; b &amp; c'],
    ['snake_case and 2 * 3', 'snake_case and 2 * 3'],
  ])('%j is %j', (markdown, mrkdwn) => {
    expect(toMrkdwn(markdown)).toBe(mrkdwn);
  });

  it('keeps code without its language, and nothing in it ends it', () => {
    expect(toMrkdwn('```ts\nlet a = `b`;\n```')).toBe('```\nlet a = `b`;\n```');
    expect(toMrkdwn('````\n```\n<!channel>\n````')).toBe(
      '```\n`\u200B`\u200B`\n&lt;!channel&gt;\n```',
    );
  });

  it('closes code that is not finished', () => {
    expect(toMrkdwn('See:\n```ts\nlet a')).toBe('See:\n\n```\nlet a\n```');
    expect(toMrkdwn('See:\n```ts\n')).toBe('See:');
  });

  it('takes code out of quotes, and keeps it in its item', () => {
    expect(toMrkdwn('> a\n> ```\n> b\n> ```\n> c')).toBe('> a\n\n```\nb\n```\n\n> c');
    expect(toMrkdwn('- a\n  ```\n  b\n  ```\n- c')).toBe('• a\n\n```\nb\n```\n• c');
  });

  it('aligns the columns of tables', () => {
    const table = '| Name | Size |\n|---|:-:|\n| **one** | 1 |\n| 漢字 and | [x](https://y.org) |';
    expect(toMrkdwn(table).split('\n')).toEqual([
      '```',
      'Name     | Size',
      '---------|------------------',
      'one      | 1',
      '漢字 and | x (https://y.org)',
      '```',
    ]);
  });

  it('lets marks within a word format, and marks that format nothing stay as they are', () => {
    expect(toMrkdwn('un**believ**able')).toBe('un\u200B*believ*\u200Bable');
    expect(toMrkdwn('\\*no bold\\*')).toBe('\u200B*\u200Bno bold\u200B*\u200B');
    expect(visible(toMrkdwn('**unfinished'))).toBe('**unfinished');
    expect(toMrkdwn('\\> no quote')).toBe('\u200B&gt; no quote');
    expect(toMrkdwn('`` a`b ``')).toBe('a\u200B`\u200Bb');
  });

  it('shows what is nested too deeply as it was written', () => {
    const deep = `${'> '.repeat(150)}the end`;
    expect(unescapeMrkdwn(visible(toMrkdwn(deep)))).toBe(deep);
  });

  it('mentions nobody and has no link but its own, whatever is written', () => {
    fc.assert(
      fc.property(wildMarkdown, (markdown) => {
        const mrkdwn = toMrkdwn(markdown);
        expect(mrkdwn).not.toMatch(/<[!@#]/);
        expect(mrkdwn.replace(ownLink, '')).not.toContain('<');
        expect(mrkdwn).not.toMatch(/&(?!(?:amp|lt|gt);)/);
      }),
      { numRuns: 500 },
    );
  });

  it('opens no code that it does not close, whatever was written so far', () => {
    fc.assert(
      fc.property(wildMarkdown, fc.nat(100), (markdown, percent) => {
        const mrkdwn = toMrkdwn(markdown.slice(0, Math.round((markdown.length * percent) / 100)));
        const fences = mrkdwn.match(/```/g) ?? [];
        expect(fences.length % 2).toBe(0);
        expect(mrkdwn.match(/^```$/gm) ?? []).toHaveLength(fences.length);
      }),
      { numRuns: 500 },
    );
  });

  it('says each word that was written, in its order', () => {
    const words = (text: string) => text.match(/w\d+w/g) ?? [];
    fc.assert(
      fc.property(fc.array(wildMarkdown, { maxLength: 6 }), (pieces) => {
        const markdown = pieces.map((piece, index) => `${piece}\nw${index}w\n`).join('');
        expect(words(toMrkdwn(markdown))).toEqual(words(markdown));
      }),
      { numRuns: 300 },
    );
  });

  it('says of plain paragraphs what they say', () => {
    const line = fc
      .array(
        fc.constantFrom('plain', 'a&b', '<', 'x > y', '<!here>', 'é', '2 * 3', 'a_b', '~', '@U1'),
        {
          minLength: 1,
          maxLength: 12,
        },
      )
      .map((words) => `So ${words.join(' ')}`);
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), (lines) => {
        const text = lines.join('\n\n');
        expect(unescapeMrkdwn(visible(toMrkdwn(text)))).toBe(text);
      }),
      { numRuns: 300 },
    );
  });
});
