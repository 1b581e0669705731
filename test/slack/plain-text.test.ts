import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainText } from '../../packages/slack/src/parse-message/plain-text.ts';
import {
  maxBlocksTextLength,
  textOfBlocks,
} from '../../packages/slack/src/parse-message/text-of-blocks.ts';
import { toMrkdwn } from '../../packages/slack/src/send-reply/to-mrkdwn.ts';
import { wildMarkdown } from './wild-markdown.ts';

const names = {
  user: (id: string) => (id === 'U1' ? 'Ada' : undefined),
  channel: (id: string) => (id === 'C1' ? 'help' : undefined),
  userGroup: (id: string) => (id === 'S1' ? 'support' : undefined),
  botUserId: 'U9',
};

describe('what a person wrote', () => {
  it.each([
    ['<@U9> what is this?', 'what is this?'],
    ['<@U1> and <@U2|bob> and <@U3>', '@Ada and @bob and @somebody'],
    ['<#C1> <#C1|old> <#C2|other> <#C3|>', '#help #help #other #a channel'],
    ['<!here> <!channel> <!everyone|everyone>', '@here @channel @everyone'],
    ['<!subteam^S1> <!subteam^S2|@ops> <!subteam^S3>', '@support @ops @a group'],
    ['<!date^1700000000^{date}|14 November>', '14 November'],
    ['<!date^1700000000^{date}^https://example.org|14 November>', '14 November'],
    ['<https://example.org|the page>', 'the page (https://example.org)'],
    ['<https://example.org>', 'https://example.org'],
    ['<https://example.org|https://example.org>', 'https://example.org'],
    ['<http://example.org|example.org>', 'http://example.org'],
    ['<https://example.org/?a=1&amp;b=2|a &lt; b>', 'a < b (https://example.org/?a=1&b=2)'],
    ['<mailto:a@example.org|a@example.org>', 'a@example.org'],
    ['<mailto:a@example.org|write>', 'write (mailto:a@example.org)'],
    ['a &amp;lt; b &lt;@U1&gt; &amp;amp;', 'a &lt; b <@U1> &amp;'],
    ['*bold* and `code`', '*bold* and `code`'],
  ])('%j is %j', (text, plain) => {
    expect(plainText(text, names)).toBe(plain);
  });

  it('is the same after it was posted by the bot', () => {
    const line = fc
      .array(
        fc.constantFrom(
          'word',
          'a & b',
          '&lt',
          '<@U1>',
          '<!here>',
          'x_y',
          '5 * 6',
          '~3',
          'é',
          'https://a.org/b_c',
        ),
        {
          minLength: 1,
          maxLength: 12,
        },
      )
      .map((words) => `So ${words.join(' ')}.`);
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 5 }), (lines) => {
        const text = lines.join('\n');
        expect(plainText(toMrkdwn(text), names)).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it('is read whatever the text is', () => {
    fc.assert(
      fc.property(wildMarkdown, (text) => {
        expect(plainText(`<@U1> ${text}`, names)).toMatch(/^@Ada/);
      }),
      { numRuns: 300 },
    );
  });
});

const richText = (...elements: unknown[]) => [
  { type: 'rich_text', elements: [{ type: 'rich_text_section', elements }] },
];

describe('the text of blocks', () => {
  it('is that of headers, sections and contexts, a line for each', () => {
    const blocks = [
      { type: 'header', text: { type: 'plain_text', text: 'Build <5> failed' } },
      { type: 'divider' },
      {
        type: 'section',
        text: { type: 'mrkdwn', text: 'By <@U1>' },
        fields: [
          { type: 'mrkdwn', text: '*Took*' },
          { type: 'plain_text', text: '5 s' },
        ],
      },
      {
        type: 'context',
        elements: [
          { type: 'image', image_url: 'https://example.org/x.png', alt_text: 'logo' },
          { type: 'mrkdwn', text: '<https://example.org|more>' },
        ],
      },
    ];
    expect(plainText(textOfBlocks(blocks), names)).toBe(
      'Build <5> failed\nBy @Ada\n*Took*\n5 s\nlogo more (https://example.org)',
    );
  });

  it('is that of rich text with its marks and lists', () => {
    const blocks = [
      ...richText(
        { type: 'text', text: 'Hi <all> ', style: { bold: true } },
        { type: 'user', user_id: 'U1' },
        { type: 'text', text: ' see ' },
        { type: 'link', url: 'https://example.org', text: 'this' },
        { type: 'emoji', name: 'wave' },
        { type: 'channel', channel_id: 'C1' },
        { type: 'usergroup', usergroup_id: 'S1' },
        { type: 'broadcast', range: 'here' },
      ),
      {
        type: 'rich_text',
        elements: [
          {
            type: 'rich_text_list',
            style: 'bullet',
            elements: ['one', 'two'].map((text) => ({
              type: 'rich_text_section',
              elements: [{ type: 'text', text }],
            })),
          },
          { type: 'rich_text_preformatted', elements: [{ type: 'text', text: 'a\nb' }] },
        ],
      },
    ];
    expect(plainText(textOfBlocks(blocks), names)).toBe(
      'Hi <all> @Ada see this (https://example.org):wave:#help@support@here\n• one\n• two\na\nb',
    );
  });

  it('leaves out what is not as expected', () => {
    const odd = { type: 'section', text: { type: 'mrkdwn', text: 7 }, fields: 'none' };
    expect(textOfBlocks([null, 'x', odd, { type: 'header' }, ...richText({ type: 'new' })])).toBe(
      '',
    );
    for (const value of [undefined, null, 'text', 5, {}]) expect(textOfBlocks(value)).toBe('');
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(textOfBlocks([value, ...richText(value)])).toEqual(expect.any(String));
      }),
      { numRuns: 200 },
    );
  });

  it('ends at its limit between two characters', () => {
    const text = textOfBlocks(richText({ type: 'text', text: '&'.repeat(9000) }));
    expect(text).toBe('&amp;'.repeat(maxBlocksTextLength / 5));
    const nested = { type: 'rich_text_section', elements: [] as unknown[] };
    nested.elements.push(nested);
    expect(textOfBlocks([{ type: 'rich_text', elements: [nested] }])).toBe('');
  });
});
