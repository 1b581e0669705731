import { GatewayDispatchEvents } from 'discord.js';
import { generateSnowflake } from 'discord-digital-twin';
import { describe, expect, it } from 'vitest';
import { listen, tell } from './listen.ts';

const bytes = Buffer.from('a picture');

describe('what the Discord adapter makes of a message', () => {
  it('names the author as the server does, and gives the words without marks of Discord', async () => {
    const setting = await listen();
    const { twin } = setting;
    const mentioned = {
      id: twin.ben,
      username: 'ben',
      global_name: 'Ben',
      member: { nick: 'Benny' },
    };
    const id = tell(setting, {
      content: `<@!${twin.botId}> Who of <@${twin.ben}> and <@&${twin.guildId}> is in <#${twin.channelId}>? <a:wave:1> **bold**`,
      mentions: [mentioned],
    });
    expect(await setting.event('message', id)).toMatchObject({
      tenant: twin.guildId,
      conversationKey: twin.channelId,
      author: { id: twin.ana, name: 'Anita' },
      postedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
      text: 'Who of @Benny and @everyone is in #general? :wave: **bold**',
    });
  });

  it('takes attachments with their alternative texts', async () => {
    const setting = await listen();
    const attachment = setting.twin.attachment(bytes, 'cat.png', 'A cat asleep');
    const id = await setting.twin.ask('And this?', { attachments: [attachment] });
    expect((await setting.event('message', id)).attachments).toEqual([
      { url: attachment.url, name: 'cat.png', description: 'A cat asleep' },
    ]);
  });

  it('takes the pictures and words of the message replied to, and says whose they are', async () => {
    const setting = await listen();
    const { twin } = setting;
    const picture = twin.attachment(bytes, 'chart.png');
    const text = { ...twin.attachment(bytes, 'notes.txt'), content_type: 'text/plain' };
    const first = await twin.say('Look at my chart', {
      by: twin.ben,
      attachments: [picture, text],
    });
    const id = tell(setting, {
      type: 19,
      message_reference: { type: 0, message_id: first, channel_id: twin.channelId },
    });
    const { attachments, quotes } = await setting.event('message', id);
    const author = { id: twin.ben, name: 'Ben' };
    expect(attachments).toEqual([{ url: picture.url, name: 'chart.png', author, source: 'reply' }]);
    expect(quotes).toEqual([
      {
        source: 'reply',
        text: 'Look at my chart\n[file notes.txt]',
        author: 'Ben',
        authorId: twin.ben,
      },
    ]);
  });

  it('asks Discord for nothing when it sends the message replied to along', async () => {
    const setting = await listen();
    const { twin } = setting;
    const answered = {
      id: generateSnowflake(),
      channel_id: twin.channelId,
      author: { id: twin.ben, username: 'ben' },
      content: 'My chart',
      timestamp: '2026-01-02T03:04:05+00:00',
      type: 0,
    };
    const before = twin.front.calls.length;
    const id = tell(setting, {
      type: 19,
      message_reference: { message_id: answered.id, channel_id: twin.channelId },
      referenced_message: answered,
    });
    const { quotes } = await setting.event('message', id);
    expect(quotes).toMatchObject([{ source: 'reply', author: 'ben', text: 'My chart' }]);
    expect(twin.front.calls.slice(before)).toEqual([]);
  });

  it('takes the pictures that an answer of the bot was about when somebody replies to it', async () => {
    const setting = await listen();
    const { twin, adapter } = setting;
    const asked = await twin.ask('Which colour?', { pictures: [bytes] });
    const {
      attachments: before = [],
      tenant,
      conversationKey,
    } = await setting.event('message', asked);
    const answer = await adapter.post(
      { tenant, conversationKey, messageId: asked, text: 'Red.', idempotencyKey: 'a'.repeat(24) },
      { signal: AbortSignal.timeout(60_000) },
    );
    const id = tell(setting, {
      content: 'Are you sure?',
      type: 19,
      message_reference: { message_id: answer, channel_id: twin.channelId },
    });
    const { attachments, quotes } = await setting.event('message', id);
    expect(attachments).toMatchObject([
      { url: before[0]?.url, author: { id: twin.ana }, source: 'reply' },
    ]);
    expect(quotes).toMatchObject([{ source: 'reply', text: 'Red.' }]);
  });

  it('takes forwarded messages, link previews and stickers', async () => {
    const setting = await listen();
    const { twin } = setting;
    const forwarded = twin.attachment(bytes, 'forwarded.png');
    const id = tell(setting, {
      embeds: [
        {
          title: 'A page',
          description: 'About cats',
          thumbnail: { url: 'https://example.com/cat.png', proxy_url: `${twin.front.origin}/p` },
        },
        { title: 'No picture', image: { url: 'https://example.com/untouched.png' } },
      ],
      sticker_items: [
        { id: '900000000000000001', name: 'Wave', format_type: 1 },
        { id: '900000000000000002', name: 'Lottie', format_type: 3 },
      ],
      message_reference: { type: 1, message_id: '900000000000000003', channel_id: '1' },
      message_snapshots: [
        { message: { content: 'From elsewhere', attachments: [forwarded], embeds: [] } },
      ],
    });
    const { attachments, quotes } = await setting.event('message', id);
    expect(attachments).toEqual([
      { url: `${twin.front.origin}/p`, description: 'A page', source: 'embed' },
      {
        url: 'https://media.discordapp.net/stickers/900000000000000001.png',
        name: 'Wave.png',
        description: 'Wave',
        source: 'sticker',
      },
      { url: forwarded.url, name: 'forwarded.png', source: 'forward' },
    ]);
    expect(quotes).toEqual([
      { source: 'embed', text: 'A page\nAbout cats' },
      { source: 'embed', text: 'No picture' },
      { source: 'forward', text: 'From elsewhere' },
    ]);
  });

  it('waits for the preview of a link', async () => {
    const setting = await listen({ linkPreviewMs: 10_000 });
    const { twin } = setting;
    const content = `<@${twin.botId}> See https://example.com/cats`;
    const id = tell(setting, { content });
    const update = {
      id,
      channel_id: twin.channelId,
      guild_id: twin.guildId,
      author: { id: twin.ana, username: 'ana' },
      content,
      timestamp: '2026-01-02T03:04:05+00:00',
      edited_timestamp: null,
      type: 0,
      embeds: [{ title: 'Cats', image: { proxy_url: `${twin.front.origin}/cats` } }],
    };
    // It may come before the adapter waits for it, since nothing says when that is.
    const again = setInterval(
      () => twin.gateway.broadcast(GatewayDispatchEvents.MessageUpdate, update),
      20,
    );
    const { attachments } = await setting.event('message', id).finally(() => clearInterval(again));
    expect(attachments).toMatchObject([{ url: `${twin.front.origin}/cats` }]);
    expect(setting.events.filter(({ type }) => type === 'edited')).toEqual([]);
  });

  it('takes the message that a thread began with, once', async () => {
    const setting = await listen();
    const { twin } = setting;
    const starter = await twin.say('My new chart', { by: twin.ben, pictures: [bytes] });
    twin.gateway.broadcast(GatewayDispatchEvents.ThreadCreate, {
      id: starter,
      guild_id: twin.guildId,
      parent_id: twin.channelId,
      owner_id: twin.ben,
      type: 11,
      name: 'About the chart',
      thread_metadata: {
        archived: false,
        auto_archive_duration: 60,
        archive_timestamp: null,
        locked: false,
      },
    });
    const first = tell(setting, { channel_id: starter });
    expect(await setting.event('message', first)).toMatchObject({
      conversationKey: starter,
      attachments: [{ name: 'picture-1.png', author: { name: 'Ben' }, source: 'thread' }],
      quotes: [{ source: 'history', text: 'My new chart', author: 'Ben' }],
    });
    const second = tell(setting, { channel_id: starter });
    expect((await setting.event('message', second)).attachments).toEqual([]);
  });

  it('takes the picture that its author posted just before, where it sees that', async () => {
    const blind = await listen();
    await blind.twin.say('', { pictures: [bytes] });
    const unseen = await blind.twin.ask('What is this?');
    expect((await blind.event('message', unseen)).attachments).toEqual([]);
    const setting = await listen({ messageContent: true });
    const { twin } = setting;
    await twin.ask('Known already', { pictures: [bytes] });
    await twin.say('', { attachments: [twin.attachment(bytes, 'mine.png')] });
    await twin.say('', { by: twin.ben, attachments: [twin.attachment(bytes, 'theirs.png')] });
    const id = await twin.ask('What is this?');
    expect((await setting.event('message', id)).attachments).toMatchObject([
      { name: 'mine.png', author: { id: twin.ana }, source: 'history' },
    ]);
  });

  it('has direct messages in a tenant of their person, and knows them when they are deleted', async () => {
    const setting = await listen();
    const { twin } = setting;
    const channel_id = generateSnowflake();
    const id = tell(setting, { channel_id, guild_id: undefined, member: undefined, content: 'Hi' });
    const place = { tenant: `dm:${twin.ana}`, conversationKey: channel_id, messageId: id };
    expect(await setting.event('message', id)).toMatchObject({ ...place, text: 'Hi' });
    twin.gateway.broadcast(GatewayDispatchEvents.MessageDelete, { id, channel_id });
    expect(await setting.event('deleted', id)).toMatchObject(place);
  });

  it('hands over each of the messages that are deleted at once', async () => {
    const setting = await listen();
    const { twin } = setting;
    const ids = [await twin.ask('One?'), await twin.ask('Two?')];
    twin.gateway.broadcast(GatewayDispatchEvents.MessageDeleteBulk, {
      ids,
      channel_id: twin.channelId,
      guild_id: twin.guildId,
    });
    for (const id of ids)
      expect(await setting.event('deleted', id)).toMatchObject({ tenant: twin.guildId });
  });
});

describe('which messages are for the bot on Discord', () => {
  it('hears mentions of its role and replies to it, and neither bots nor what others say', async () => {
    const setting = await listen();
    const { twin, adapter } = setting;
    const asked = await twin.ask('Which colour?');
    const { tenant, conversationKey } = await setting.event('message', asked);
    const answer = await adapter.post(
      { tenant, conversationKey, messageId: asked, text: 'Red.', idempotencyKey: 'b'.repeat(24) },
      { signal: AbortSignal.timeout(60_000) },
    );
    const bot = { id: generateSnowflake(), username: 'other', bot: true };
    const content = `<@${twin.botId}> Hello`;
    const role = { id: generateSnowflake(), name: 'Bot', tags: { bot_id: twin.botId } };
    const plain = { color: 0, hoist: false, position: 1, permissions: '0', managed: true };
    twin.gateway.broadcast(GatewayDispatchEvents.GuildRoleCreate, {
      guild_id: twin.guildId,
      role: { ...plain, ...role, mentionable: true, flags: 0 },
    });
    const toRole = tell(setting, { content: `<@&${role.id}> Hello`, mention_roles: [role.id] });
    expect((await setting.event('message', toRole)).text).toBe('Hello');
    tell(setting, { content: 'Nobody asked a bot' });
    tell(setting, { content, author: bot });
    tell(setting, { content, webhook_id: generateSnowflake() });
    tell(setting, { content, type: 7 });
    const reply = tell(setting, {
      content: 'And now?',
      type: 19,
      message_reference: { message_id: answer, channel_id: twin.channelId },
    });
    await setting.event('message', reply);
    expect(setting.events.map(({ messageId }) => messageId)).toEqual([asked, toRole, reply]);
  });

  it('hears everything in the channels of the operator, and nowhere else', async () => {
    const channelId = generateSnowflake();
    const setting = await listen({ messageContent: true, channels: [channelId] });
    tell(setting, { content: 'Elsewhere' });
    const id = tell(setting, { content: 'Nobody is mentioned', channel_id: channelId });
    await setting.event('message', id);
    const last = await setting.twin.ask('Last');
    await setting.event('message', last);
    expect(setting.events.map(({ messageId }) => messageId)).toEqual([id, last]);
  });

  it('hears a message that mentions it only after a change', async () => {
    const setting = await listen();
    const { twin } = setting;
    const id = await twin.say('Which colour?');
    await twin.digital
      .channel(twin.channelId)
      .user(twin.ana)
      .editMessage({ messageId: id, content: `<@${twin.botId}> Which colour?` });
    expect(await setting.event('edited', id)).toMatchObject({ text: 'Which colour?' });
  });

  it('says what it will not see without the message content intent, and nothing with it', async () => {
    expect((await listen()).notices).toEqual([
      expect.stringContaining('Without the message content intent'),
    ]);
    expect((await listen({ messageContent: true })).notices).toEqual([]);
  });
});
