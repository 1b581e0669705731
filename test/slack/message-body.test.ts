import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unescapeMrkdwn } from '../../packages/slack/src/mrkdwn.ts';
import {
  blocksKeptFree,
  maxBlocks,
  maxBlocksLength,
  maxMarkdownLength,
  maxSectionLength,
  maxTextLength,
  messageBody,
} from '../../packages/slack/src/send-reply/message-body.ts';
import { splitMrkdwn } from '../../packages/slack/src/send-reply/split-mrkdwn.ts';
import { toMrkdwn } from '../../packages/slack/src/send-reply/to-mrkdwn.ts';
import { longMarkdown } from './wild-markdown.ts';

const sectionsOf = (markdown: string) =>
  messageBody(markdown).blocks.map((each) => each.text?.text ?? '');
const content = (mrkdwn: string) => mrkdwn.replace(/^```$|^> ?/gm, '').replace(/\s+/g, '');

function expectWellFormed(mrkdwn: string) {
  expect((mrkdwn.match(/^```$/gm) ?? []).length % 2).toBe(0);
  expect(mrkdwn).not.toMatch(/^```\n```$/m);
  expect(mrkdwn.replace(/<[^<>]+>/g, '')).not.toContain('<');
  expect(mrkdwn).not.toMatch(/&(?!(?:amp|lt|gt);)/);
  expect(mrkdwn.isWellFormed()).toBe(true);
}

describe('the message for an answer', () => {
  it('is one section that is not folded, and in which Slack finds no mentions', () => {
    expect(messageBody('**Hi** <!here>')).toEqual({
      text: '*Hi* &lt;!here&gt;',
      blocks: [
        {
          type: 'section',
          text: { type: 'mrkdwn', text: '*Hi* &lt;!here&gt;', verbatim: true },
          expand: true,
        },
      ],
    });
  });

  it.each(['', ' \n ', '\u200B'])('is an ellipsis where there is nothing to say: %j', (nothing) => {
    expect(messageBody(nothing).text).toBe('…');
    expect(sectionsOf(nothing)).toEqual(['…']);
  });

  it('is as it was written where formatting leaves nothing of it, as of code that just began', () => {
    expect(sectionsOf('```').join('').replaceAll('\u200B', '')).toBe('```');
  });

  it('goes on in a further section after a paragraph, else a line, else a word', () => {
    const [a, b] = ['a'.repeat(2000), 'b'.repeat(2000)];
    for (const between of ['\n\n', '\n', ' ']) expect(sectionsOf(a + between + b)).toEqual([a, b]);
  });

  it('closes and opens code and quotes where they are cut', () => {
    const lines = Array.from({ length: 300 }, (_, index) => `let line${index} = 1;`);
    const sections = sectionsOf(`\`\`\`ts\n${lines.join('\n')}\n\`\`\``);
    expect(sections.length).toBeGreaterThan(1);
    for (const section of sections) expect(section).toMatch(/^```\nlet [^`]*;\n```$/);
    const quotes = sectionsOf(`> ${'word '.repeat(800)}`);
    expect(quotes.map((section) => section.slice(0, 6))).toEqual(['> word', '> word']);
  });

  it('shortens the text for notifications', () => {
    const { text } = messageBody(`\`\`\`\n${'a line\n'.repeat(900)}\`\`\``);
    expect(text).toMatch(/a line\n```\n…$/);
    expect(text.length).toBeLessThanOrEqual(maxTextLength);
  });

  it('shows what formatting makes too long as it was written', () => {
    const table = `|${'a|'.repeat(40)}\n|${'-|'.repeat(40)}\n|${'x'.repeat(40)}|\n${'|\n'.repeat(1000)}`;
    const markdown = `${table.slice(0, 2500)}\n&`;
    expect(toMrkdwn(markdown).length).toBeGreaterThan(maxBlocksLength);
    expect(unescapeMrkdwn(content(sectionsOf(markdown).join('')))).toBe(content(markdown));
  });

  it('says that a text is too long for it', () => {
    expect(() => messageBody('word '.repeat(3000))).toThrow(
      'A text of 15000 characters does not fit into a message on Slack; up to 2400 always do.',
    );
  });

  it('keeps all limits and is well-formed, whatever is written', () => {
    fc.assert(
      fc.property(longMarkdown(maxMarkdownLength), (markdown) => {
        const { text, blocks } = messageBody(markdown);
        const sections = blocks.map((each) => each.text?.text ?? '');
        expect(text.length).toBeLessThanOrEqual(maxTextLength);
        expect(blocks.length).toBeLessThanOrEqual(maxBlocks - blocksKeptFree);
        expect(sections.join('').length).toBeLessThanOrEqual(maxBlocksLength);
        expectWellFormed(text);
        for (const section of sections) {
          expect(section.length).toBeLessThanOrEqual(maxSectionLength);
          expect(section.trim()).not.toBe('');
          expectWellFormed(section);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('loses nothing but space where it is cut', () => {
    fc.assert(
      fc.property(longMarkdown(6000), (markdown) => {
        const mrkdwn = toMrkdwn(markdown.toWellFormed());
        expect(content(splitMrkdwn(mrkdwn, maxSectionLength).join('\n'))).toBe(content(mrkdwn));
      }),
      { numRuns: 300 },
    );
  });
});
