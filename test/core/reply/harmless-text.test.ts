import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { harmlessText, linksIn } from '../../../packages/core/src/reply/harmless-text.ts';

/** What Discord and Slack make of a text: https://discord.com/developers/docs/reference#message-formatting, https://docs.slack.dev/messaging/formatting-message-text */
const live = {
  mentions: /<@[!&]?\w*>?|<#\w|<![a-z]|<\/\w|@everyone|@here|@channel/giu,
  links:
    /(?:https?|ftp|discord|slack|file):\/\/[^\s<>|]+|mailto:\S|tel:\S|javascript:\S|\bwww\.\w/giu,
};

const pieces = fc.constantFrom(
  '<@123>',
  '<@!123>',
  '<@&9>',
  '<#5>',
  '<!channel>',
  '<!here|here>',
  '<!subteam^S1>',
  '</ask:1>',
  '@everyone',
  '@Here',
  '@channel',
  '<',
  '@',
  '!',
  'everyone',
  'https://evil.example/x?y=1',
  'HTTP://EVIL.example',
  'https://known.example/a',
  'https://known.example/a.evil',
  'https:',
  '//',
  'www.',
  'evil.example',
  'mailto:a@b.example',
  'javascript:alert(1)',
  'slack://open',
  '[here](https://evil.example)',
  '<https://evil.example|click>',
  ' ',
  '\n',
  ')',
  '.',
  '\u200B',
  'word',
);
/** Without code, of which `code-in-answers.test.ts` is. */
const outputs = fc
  .oneof(
    fc.array(pieces, { maxLength: 20 }),
    fc.array(fc.oneof(pieces, fc.string({ unit: 'grapheme', maxLength: 5 })), { maxLength: 20 }),
  )
  .map((parts) => parts.join('').replaceAll('`', ''));

describe('what a model says', () => {
  const known = linksIn(['See https://known.example/a.', 'and <www.known.example>']);

  it('can mention nobody and has no link that people did not write', () => {
    fc.assert(
      fc.property(outputs, (text) => {
        const posted = harmlessText(text, 'fromConversation', known);
        expect(posted.match(live.mentions)).toBeNull();
        for (const link of posted.match(live.links) ?? []) {
          const address = link.replace(/[^a-z]+$/i, '');
          expect(linksIn([address]).isSubsetOf(known), link).toBe(true);
        }
      }),
      { numRuns: 10_000 },
    );
  });

  it('can mention nobody where the operator allows links', () => {
    fc.assert(
      fc.property(outputs, (text) => {
        expect(harmlessText(text, 'all', known).match(live.mentions)).toBeNull();
      }),
      { numRuns: 2000 },
    );
    const text = 'See https://other.example.';
    expect(harmlessText(text, 'all', known)).toBe(text);
  });

  it('is left alone when it is harmless', () => {
    for (const text of [
      'The error is E-2041: ask ana@example.org or a < b.',
      'See https://known.example/a, or www.known.example!',
      '`if (a <b) {}` costs 5 € @ noon; ratio 4:3',
    ])
      expect(harmlessText(text, 'fromConversation', known)).toBe(text);
  });

  it('stays readable where a link is taken out of use', () => {
    expect(harmlessText('Go to https://evil.example/x now.', 'fromConversation', known)).toBe(
      'Go to https[:]//evil.example/x now.',
    );
    expect(harmlessText('www.evil.example', 'fromConversation', known)).toBe('www[.]evil.example');
  });
});
