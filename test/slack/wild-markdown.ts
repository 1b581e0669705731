import fc from 'fast-check';
import { anyText } from '../any-text.ts';

const snippets = [
  'word ',
  'word',
  'é',
  '漢字',
  '👩‍👩‍👧',
  ' ',
  '\n',
  '\n\n',
  '\n    ',
  '**',
  '__',
  '*',
  '_',
  '~~',
  '~',
  '`',
  '``',
  '```',
  '\n```\n',
  '\n```ts\n',
  '\n~~~\n',
  '\n# ',
  '\n- ',
  '\n  - ',
  '\n1. ',
  '\n- [ ] ',
  '\n> ',
  '> ',
  '\n---\n',
  '| a | b |\n|---|---|\n| c | d |\n',
  '|',
  '\n|-|-|\n',
  '[',
  '](',
  ')',
  '[text](https://example.org/a_b?c=1&d=2|3>)',
  '![picture](https://example.org/x.png)',
  '[none]()',
  '![]()',
  '[bad](javascript:alert(1))',
  '[mail](mailto:a@example.org)',
  'https://example.org/a_b*c ',
  '<https://example.org>',
  '<!channel>',
  '<!here|here>',
  '<@U1>',
  '<#C1|x>',
  '<!subteam^S1>',
  '[<!channel>](https://example.org/<@U1>)',
  '&',
  '&lt;!channel&gt;',
  '&amp;',
  '<',
  '>',
  '\\*',
  '\\',
  '<br>',
  '\u200B',
  '\u0000',
  '\uD83D',
];

/** Markdown as no model would write it: pieces of every kind, whole and broken, in any order. */
export const wildMarkdown = fc.oneof(
  fc
    .array(fc.oneof(fc.constantFrom(...snippets), fc.string({ unit: 'grapheme', maxLength: 8 })), {
      maxLength: 60,
    })
    .map((parts) => parts.join('')),
  anyText({ maxLength: 200 }),
);

/** Such Markdown of up to `maxLength` UTF-16 units, most of it near that, much of it the same again and again. */
export function longMarkdown(maxLength: number): fc.Arbitrary<string> {
  const repeated = fc
    .array(fc.constantFrom(...snippets), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join('').repeat(maxLength).slice(0, maxLength));
  const mixed = fc
    .array(fc.constantFrom(...snippets), { minLength: 200, maxLength: 900 })
    .map((parts) => parts.join('').slice(0, maxLength));
  return fc.oneof(repeated, mixed, wildMarkdown);
}
