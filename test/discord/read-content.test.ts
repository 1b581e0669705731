import type { PlatformEvent } from '@vistazo/core';
import { GatewayDispatchEvents } from 'discord.js';
import { generateSnowflake } from 'discord-digital-twin';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageSchema } from '../../packages/discord/src/parse-message/discord-message.ts';
import { readContent } from '../../packages/discord/src/parse-message/read-content.ts';
import { type Listening, listen, tell } from './listen.ts';

type EventOf<Type> = Extract<PlatformEvent, { type: Type }>;

const proxy = 'https://media.discordapp.net/attachments/1/2';
const media = (name: string, fields: object = {}) => ({
  url: `https://example.com/${name}`,
  proxy_url: `${proxy}/${name}`,
  content_type: 'image/png',
  width: 10,
  height: 10,
  ...fields,
});

/** A card of Components V2. */
const card = [
  {
    type: 17,
    components: [
      { type: 10, content: '# Build failed on runner 7' },
      { type: 14, divider: true, spacing: 1 },
      { type: 12, items: [{ media: media('graph.png'), description: 'A graph' }] },
      {
        type: 9,
        components: [{ type: 10, content: 'Exit code 137, ask <@1>' }],
        accessory: { type: 11, media: media('thumb.png') },
      },
      { type: 1, components: [{ type: 2, style: 1, label: 'Again', custom_id: 'again' }] },
    ],
  },
  { type: 13, file: media('log.png') },
  {
    type: 13,
    file: media('log.txt', { content_type: 'text/plain', width: null, height: null }),
    name: 'log.txt',
  },
];
const cardMessage = { content: '', flags: 32_768, components: card };
const cardText = '# Build failed on runner 7\nExit code 137, ask @somebody\n[file log.txt]';
const cardFiles = [
  { url: `${proxy}/graph.png`, name: 'graph.png', description: 'A graph' },
  { url: `${proxy}/thumb.png`, name: 'thumb.png' },
  { url: `${proxy}/log.png`, name: 'log.png' },
];

const file = (filename: string, fields: object) => ({
  id: generateSnowflake(),
  filename,
  size: 10,
  url: `https://cdn.discordapp.com/attachments/1/2/${filename}`,
  proxy_url: `${proxy}/${filename}`,
  ...fields,
});
const unsure = { content_type: 'application/octet-stream' };

/** Somebody replies to a message of a bot. */
async function replyTo(setting: Listening, message: object): Promise<EventOf<'message'>> {
  const { twin } = setting;
  const answered = {
    id: generateSnowflake(),
    channel_id: twin.channelId,
    author: { id: '77', username: 'cards', bot: true },
    content: '',
    timestamp: '2026-01-02T03:04:05+00:00',
    type: 0,
    attachments: [],
    embeds: [],
    ...message,
  };
  const id = tell(setting, {
    type: 19,
    message_reference: { type: 0, message_id: answered.id, channel_id: twin.channelId },
    referenced_message: answered,
  });
  return setting.event('message', id);
}

/** Somebody forwards a message. */
function forward(setting: Listening, message: object): Promise<EventOf<'message'>> {
  const id = tell(setting, {
    message_reference: { type: 1, message_id: generateSnowflake(), channel_id: '1' },
    message_snapshots: [{ message: { content: '', attachments: [], embeds: [], ...message } }],
  });
  return setting.event('message', id);
}

const author = { id: '77', name: 'cards' };

describe('what the Discord adapter reads of the messages around a question', () => {
  it('reads the texts, pictures and files of a card, in a reply and in a forward', async () => {
    const setting = await listen();
    const reply = await replyTo(setting, cardMessage);
    expect(reply.attachments).toEqual(
      cardFiles.map((each) => ({ ...each, author, source: 'reply' })),
    );
    expect(reply.quotes).toEqual([
      { source: 'reply', text: cardText, author: 'cards', authorId: '77' },
    ]);
    const forwarded = await forward(setting, cardMessage);
    expect(forwarded.attachments).toEqual(
      cardFiles.map((each) => ({ ...each, source: 'forward' })),
    );
    expect(forwarded.quotes).toEqual([{ source: 'forward', text: cardText }]);
  });

  it('asks no address of an app, and takes a file once that is an attachment and in a card', async () => {
    const setting = await listen();
    const { attachments, quotes } = await replyTo(setting, {
      attachments: [file('graph.png', { content_type: 'image/png', width: 10, height: 10 })],
      components: [
        {
          type: 12,
          items: [{ media: media('graph.png') }, { media: { url: 'https://a.example' } }],
        },
        { type: 11, media: media('far.png', { proxy_url: undefined }) },
      ],
    });
    expect(attachments).toMatchObject([
      { url: 'https://cdn.discordapp.com/attachments/1/2/graph.png' },
    ]);
    expect(quotes).toEqual([]);
  });

  it('reads the fields, author and footer of embeds, and those that have nothing else', async () => {
    const setting = await listen();
    const { quotes } = await replyTo(setting, {
      embeds: [
        {
          author: { name: 'Monitor' },
          title: 'Disk alert',
          fields: [
            { name: 'Host', value: 'db-2', inline: true },
            { name: '\u200b', value: 'for <@5>' },
          ],
          footer: { text: 'Rule E4711' },
        },
        { author: { name: 'Only an author' } },
      ],
      mentions: [{ id: '5', username: 'eva', global_name: 'Eva' }],
    });
    expect(quotes).toEqual([
      {
        source: 'embed',
        text: 'Disk alert\nHost: db-2\nfor @Eva\nRule E4711',
        author: 'Monitor',
      },
      { source: 'embed', text: 'Only an author', author: 'Only an author' },
    ]);
  });

  it('reads polls, the stickers of forwards and who is mentioned there', async () => {
    const setting = await listen();
    const poll = {
      question: { text: 'Which colour?' },
      answers: [{ answer_id: 1, poll_media: { text: 'Red' } }, { poll_media: { text: 'Blue' } }],
    };
    const { quotes } = await replyTo(setting, { poll });
    expect(quotes).toMatchObject([{ text: 'Which colour?\n- Red\n- Blue' }]);
    const forwarded = await forward(setting, {
      content: 'See <@5>',
      mentions: [{ id: '5', username: 'eva' }],
      sticker_items: [{ id: '9', name: 'Wave', format_type: 1 }],
    });
    expect(forwarded).toMatchObject({
      attachments: [{ name: 'Wave.png', source: 'forward' }],
      quotes: [{ text: 'See @eva' }],
    });
    const own = tell(setting, { poll });
    expect((await setting.event('message', own)).text).toContain('- Red\n- Blue');
  });

  it('reads what a message forwards to which somebody replies', async () => {
    const setting = await listen();
    const snapshot = { content: 'Deep inside', attachments: [file('a.png', unsure)], embeds: [] };
    const { attachments, quotes } = await replyTo(setting, {
      message_reference: { type: 1, message_id: generateSnowflake(), channel_id: '1' },
      message_snapshots: [{ message: snapshot }],
    });
    expect(attachments).toMatchObject([{ name: 'a.png', source: 'reply' }]);
    expect(quotes).toMatchObject([{ source: 'reply', text: 'Deep inside' }]);
  });

  it.each([
    ['a picture of unknown type', file('IMG_1.jpg', { ...unsure, width: 100, height: 80 }), true],
    ['a picture of unknown type and size', file('IMG_1.JPG', unsure), true],
    ['a picture without an ending', file('image', unsure), true],
    ['a picture without a type', file('IMG_1.webp', {}), true],
    ['a PDF', file('plan.pdf', { content_type: 'application/pdf' }), true],
    ['a PDF of unknown type', file('plan.pdf', unsure), true],
    ['an archive of unknown type', file('all.zip', unsure), false],
    ['a text', file('notes.txt', { content_type: 'text/plain; charset=utf-8' }), false],
    ['a sound', file('voice-message.ogg', { content_type: 'audio/ogg' }), false],
  ])('looks at or names %s that is replied to or forwarded', async (_, posted, isViewable) => {
    const setting = await listen();
    for (const event of [
      await replyTo(setting, { attachments: [posted] }),
      await forward(setting, { attachments: [posted] }),
    ]) {
      const { filename: name, url } = posted;
      expect(event.attachments).toMatchObject(isViewable ? [{ name, url }] : []);
      expect(event.quotes).toMatchObject(isViewable ? [] : [{ text: `[file ${name}]` }]);
    }
  });

  it('takes the post with which a thread of a forum begins, which stands in the thread', async () => {
    const setting = await listen();
    const { twin } = setting;
    const postId = generateSnowflake();
    twin.gateway.broadcast(GatewayDispatchEvents.ThreadCreate, {
      id: postId,
      guild_id: twin.guildId,
      parent_id: twin.channelId,
      owner_id: twin.ben,
      type: 11,
      name: 'My chart',
      thread_metadata: {
        archived: false,
        auto_archive_duration: 60,
        archive_timestamp: null,
        locked: false,
      },
    });
    const post = {
      id: postId,
      channel_id: postId,
      author: { id: twin.ben, username: 'ben' },
      content: 'What I measured',
      timestamp: '2026-01-02T03:04:05+00:00',
      type: 0,
      attachments: [file('plan.pdf', { content_type: 'application/pdf' })],
    };
    twin.front.intercept(({ path }) =>
      path === `/channels/${postId}/messages/${postId}` ? { status: 200, body: post } : undefined,
    );
    const id = tell(setting, { channel_id: postId });
    expect(await setting.event('message', id)).toMatchObject({
      attachments: [{ name: 'plan.pdf', source: 'thread' }],
      quotes: [{ source: 'history', text: 'What I measured' }],
    });
  });
});

/** A message as it comes, read without the adapter: discord.js cannot read all of these itself. */
const read = (message: object) =>
  readContent(
    messageSchema.parse({
      id: '1',
      channel_id: '2',
      author: { id: '3', username: 'ana' },
      timestamp: '2026-01-02T03:04:05+00:00',
      type: 0,
      ...message,
    }),
  );

describe('what is read of a message on Discord', () => {
  it('is bounded, however deep or many its components are, and passes over unknown ones', () => {
    let deep: object = { type: 10, content: 'Too deep' };
    for (let depth = 0; depth < 2000; depth++) deep = { type: 17, components: [deep] };
    const odd = [null, 7, { type: 10 }, { type: 99, content: 'New' }, { type: 9, components: [3] }];
    const many = Array.from({ length: 500 }, () => ({ type: 10, content: 'x' }));
    const { text } = read({
      components: [...odd, deep, { type: 9, components: [{ type: 10, content: 'Read' }] }, ...many],
    });
    expect(text).toMatch(/^Read\nx\n/);
    expect(text.length).toBeLessThan(200);
  });

  it('survives embeds, polls and components that are not as expected', () => {
    const embeds = [{ fields: 'none', footer: 3, title: 'Odd' }];
    expect(read({ embeds, poll: 'none', components: 'none' })).toEqual({
      text: '',
      files: [],
      embeds: [{ source: 'embed', text: 'Odd' }],
    });
  });

  it('takes any components', () => {
    const kind = fc.record(
      {
        type: fc.constantFrom(1, 9, 10, 11, 12, 13, 17, 99),
        content: fc.oneof(fc.string(), fc.anything()),
        items: fc.anything(),
        media: fc.anything(),
        file: fc.oneof(fc.anything(), fc.record({ proxy_url: fc.string() })),
        components: fc.array(fc.anything()),
      },
      { requiredKeys: ['type'] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.array(kind), fc.anything()), (components) => {
        expect(typeof read({ components }).text).toBe('string');
      }),
    );
  });
});
