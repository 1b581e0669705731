import type { PlatformEvent } from '@vistazo/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMessage } from '../../packages/slack/src/parse-message/read-message.ts';
import { messageSchema } from '../../packages/slack/src/parse-message/slack-message.ts';
import { type Listening, listen, startFake } from './hearing.ts';

type EventOf<Type> = Extract<PlatformEvent, { type: Type }>;

const bytes = Buffer.from('a picture');
const section = (text: string, fields: object = {}) => ({
  type: 'section',
  text: { type: 'mrkdwn', text },
  ...fields,
});
const richText = (text: string) => ({
  type: 'rich_text',
  elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text }] }],
});

/** An app posts a message, of which a thread is begun; gives its `ts`. */
function postByApp({ fake, channel }: Pick<Listening, 'fake' | 'channel'>, fields: object): string {
  const app = { subtype: 'bot_message', bot_id: 'B1', username: 'Alerts' };
  const { ts } = fake.people.post({ channel, user: 'U0ALERTS', fields: { ...app, ...fields } });
  return ts;
}

/** Somebody asks the bot in the thread of a message of an app. */
async function askAbout(setting: Listening, fields: object): Promise<EventOf<'message'>> {
  const { fake, ana, channel, bot, event } = setting;
  const threadTs = postByApp(setting, fields);
  const { ts } = fake.people.post({ channel, user: ana, text: `${bot} Well?`, threadTs });
  return event('message', ts);
}

const alert = {
  color: 'danger',
  fallback: '[FIRING] disk',
  pretext: 'Firing now',
  title: 'Disk alert',
  fields: [
    { title: 'Host', value: 'db-2', short: true },
    { title: 'Code', value: 'E4711', short: true },
  ],
  footer: 'Rule 7',
};

/** A message as it comes, read without the adapter. */
const read = (message: object) =>
  readMessage(messageSchema.parse({ ts: '1.000000', bot_id: 'B1', ...message }), 'T1');

describe('what the Slack adapter reads of the messages around a question', () => {
  it('reads all that the attachments of an app say, however it heard of the message', async () => {
    const text = 'Firing now\nDisk alert\nHost: db-2\nCode: E4711\nRule 7';
    const place = await startFake();
    const { members } = place.fake.world.channel(place.channel);
    members.delete(place.fake.bot.botUserId);
    const before = postByApp(place, { attachments: [alert] });
    members.add(place.fake.bot.botUserId);
    const setting = await listen({ on: place });
    const { fake, ana, channel, bot, event } = setting;
    const asked = { channel, user: ana, text: `${bot} Well?`, threadTs: before };
    const told = await event('message', fake.people.post(asked).ts);
    expect(told.quotes).toEqual([{ source: 'embed', text }]);
    expect((await askAbout(setting, { attachments: [alert] })).quotes).toEqual(told.quotes);
    const share = { ...alert, footer: 'Posted in #alerts', is_share: true, author_name: 'Alerts' };
    const { ts } = fake.people.post({ channel, user: ana, text: bot, attachments: [share] });
    expect((await event('message', ts)).quotes).toEqual([
      { source: 'forward', text: text.replace('\nRule 7', ''), author: 'Alerts' },
    ]);
  });

  it('reads blocks beside a text, with pictures beside sections, and what is said twice once', async () => {
    const setting = await listen();
    const accessory = { type: 'image', image_url: 'https://a.example/x.png', alt_text: 'A graph' };
    const { attachments, quotes } = await askAbout(setting, {
      text: 'Build failed',
      blocks: [
        { type: 'header', text: { type: 'plain_text', text: 'Build failed' } },
        section('Code E4711', { accessory }),
        { type: 'table', rows: [[{ type: 'raw_text', text: 'Host' }, richText('db-2')]] },
      ],
    });
    expect(quotes).toMatchObject([
      { source: 'history', text: 'Build failed\nCode E4711\nHost | db-2', author: 'Alerts' },
    ]);
    expect(attachments).toEqual([
      {
        url: 'https://a.example/x.png',
        description: 'A graph',
        author: { id: 'U0ALERTS', name: 'Alerts' },
        source: 'thread',
      },
    ]);
  });

  it('answers anew when the preview of a link comes later whose picture stands in a block', async () => {
    const { fake, ana, channel, bot, event } = await listen();
    const { ts } = fake.people.post({ channel, user: ana, text: `${bot} Well?` });
    await event('message', ts);
    const image = { type: 'image', image_url: 'https://a.example/x.png', alt_text: 'A graph' };
    fake.people.unfurl(channel, ts, [{ fallback: 'A page', blocks: [section('Words'), image] }]);
    expect(await event('edited', ts)).toMatchObject({
      attachments: [{ url: 'https://a.example/x.png', source: 'embed' }],
      quotes: [{ source: 'embed', text: 'Words' }],
    });
  });

  it('takes a table that a person puts below their words for part of the question', async () => {
    const { fake, ana, channel, bot, event } = await listen();
    const table = {
      type: 'table',
      rows: [
        [
          { type: 'raw_text', text: 'Cups' },
          { type: 'raw_number', value: 5 },
        ],
      ],
    };
    const blocks = [richText(`${bot} How many?`), table];
    const text = `${bot} How many?`;
    const { ts } = fake.people.post({ channel, user: ana, text, fields: { blocks } });
    expect((await event('message', ts)).text).toBe('How many?\nCups | 5');
  });

  it.each([
    [
      'a picture of unknown type',
      { name: 'IMG_1.jpg', mimetype: 'application/octet-stream' },
      true,
    ],
    [
      'a picture that has no name',
      { name: 'blob', mimetype: 'application/octet-stream', fields: { filetype: 'binary' } },
      true,
    ],
    ['a PDF', { name: 'plan.pdf' }, true],
    ['a text', { name: 'notes.txt' }, false],
    ['an archive', { name: 'all.zip', mimetype: 'application/octet-stream' }, false],
    ['a canvas', { name: 'Plan', mimetype: 'application/vnd.slack-docs' }, false],
  ])('looks at or names %s in a thread and in a shared message', async (_, file, isViewable) => {
    const { fake, ana, ben, channel, bot, event } = await listen();
    const files = [{ bytes, ...file }];
    const root = fake.people.post({ channel, user: ben, text: 'See', files });
    const asked = { channel, user: ana, text: `${bot} Well?` };
    const inThread = fake.people.post({ ...asked, threadTs: root.ts });
    const shared = fake.people.share({ channel, ts: root.ts }, asked);
    for (const { ts } of [inThread, shared]) {
      const { attachments, quotes } = await event('message', ts);
      expect(attachments).toMatchObject(isViewable ? [{ name: file.name }] : []);
      const text = isViewable ? 'See' : `See\n[file ${file.name}]`;
      expect(quotes?.map((quote) => quote.text)).toEqual([text]);
    }
  });

  it('says nothing of a file that was deleted, and names one that the plan hides', async () => {
    const { fake, ana, ben, channel, bot, event } = await listen();
    const files = [
      { name: 'a.png', bytes, mode: 'tombstone' as const },
      { name: 'b.png', bytes, mode: 'hidden_by_limit' as const },
    ];
    const { ts: threadTs } = fake.people.post({ channel, user: ben, text: 'See', files });
    const { ts } = fake.people.post({ channel, user: ana, text: bot, threadTs });
    const { attachments, quotes } = await event('message', ts);
    expect(attachments).toEqual([]);
    expect(quotes?.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^See\n\[file [^\n]+\]$/),
    ]);
  });
});

describe('what is read of a message on Slack', () => {
  it.each([
    [
      'fields',
      { fallback: '[FIRING] E1', fields: [{ title: 'Code', value: 'E4711' }] },
      'Code: E4711',
    ],
    ['a fallback', { fallback: 'Only E4711' }, 'Only E4711'],
    ['no fallback', { fallback: '[no preview available]' }, ''],
    [
      'a title and blocks',
      { title: 'Alert', blocks: [section('Code E4711')] },
      'Alert\nCode E4711',
    ],
    ['odd fields', { fields: 'none', footer: 4, title: 'Odd' }, 'Odd'],
    [
      'a share with what hangs below it',
      { is_share: true, text: 'See', attachments: [alert] },
      'See\nFiring now\nDisk alert\nHost: db-2\nCode: E4711\nRule 7',
    ],
    [
      'a share whose text stands in its blocks too',
      {
        is_share: true,
        text: 'Ask <@U1|ana>\n1. A &amp; b',
        message_blocks: [{ message: { blocks: [section('Ask <@U1>\n• *A* &amp; b')] } }],
      },
      'Ask <@U1|ana>\n1. A &amp; b',
    ],
  ])('is all that an attachment says: %s', (_, attachment, mrkdwn) => {
    expect(read({ attachments: [attachment] }).hanging).toMatchObject([{ mrkdwn }]);
  });

  it.each([
    ['markdown', [{ type: 'markdown', text: '**A** <b>' }], '**A** &lt;b&gt;'],
    ['an alert', [{ type: 'alert', text: { type: 'plain_text', text: 'Hot' } }], 'Hot'],
    [
      'a card in a carousel',
      [{ type: 'carousel', elements: [{ type: 'card', title: { type: 'mrkdwn', text: 'T' } }] }],
      'T',
    ],
    [
      'a container',
      [{ type: 'container', rich_text_title: richText('T'), child_blocks: [section('Inside')] }],
      'T\nInside',
    ],
    [
      'a plan with its tasks',
      [
        {
          type: 'plan',
          title: 'P',
          tasks: [{ type: 'task_card', title: 'T', output: richText('O') }],
        },
      ],
      'P\nT\nO',
    ],
    [
      'a table of data with an empty cell',
      [
        {
          type: 'data_table',
          caption: 'C',
          rows: [[{ type: 'raw_number', value: 1 }, {}, { type: 'raw_text', text: 'x' }]],
        },
      ],
      'C\n1 |  | x',
    ],
    [
      'a video',
      [
        {
          type: 'video',
          title: { type: 'plain_text', text: 'V' },
          author_name: 'Ben',
          thumbnail_url: 'https://a.example/v.png',
        },
      ],
      'V\nBen',
    ],
  ])('has the words of blocks: %s', (_, blocks, mrkdwn) => {
    expect(read({ blocks }).mrkdwn).toBe(mrkdwn);
  });

  it('has the pictures of cards, of containers and of videos, and no icons', () => {
    const image = (name: string) => ({
      type: 'image',
      image_url: `https://a.example/${name}.png`,
      alt_text: name,
    });
    const blocks = [
      {
        type: 'carousel',
        elements: [{ type: 'card', hero_image: image('hero'), icon: image('i') }],
      },
      { type: 'container', child_blocks: [section('x', { accessory: image('beside') })] },
      { type: 'video', thumbnail_url: 'https://a.example/still.png' },
      { type: 'context', elements: [image('icon')] },
    ];
    const urls = read({ blocks }).files.map(({ attachment }) => attachment.url);
    expect(urls).toEqual(
      ['hero', 'beside', 'still'].map((name) => `https://a.example/${name}.png`),
    );
  });

  it('has the beginning of a text that was posted as a file', () => {
    const files = [{ id: 'F1', name: 'x.log', mimetype: 'text/plain', preview: 'E4711 & <b>' }];
    expect(read({ files }).files).toMatchObject([
      { isViewable: false, mrkdwn: '[file x.log]\nE4711 &amp; &lt;b&gt;' },
    ]);
  });

  it('takes any blocks, attachments within bounds', () => {
    const kind = fc.record(
      {
        type: fc.constantFrom('section', 'table', 'card', 'carousel', 'container', 'plan', 'video'),
        text: fc.anything(),
        rows: fc.anything(),
        elements: fc.anything(),
        child_blocks: fc.array(fc.anything()),
        tasks: fc.anything(),
        accessory: fc.anything(),
      },
      { requiredKeys: ['type'] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.array(kind), fc.anything()), fc.string(), (blocks, text) => {
        const message = read({ text, blocks, attachments: [{ title: text, blocks }] });
        expect(typeof message.mrkdwn).toBe('string');
      }),
    );
    let deep: object = section('Too deep');
    for (let depth = 0; depth < 2000; depth++) deep = { type: 'container', child_blocks: [deep] };
    expect(read({ blocks: [deep] })).toEqual({ mrkdwn: '', files: [], hanging: [] });
  });
});
