import { describe, expect, it } from 'vitest';
import { type Listening, listen, startFake } from './hearing.ts';

/** Of which messages the adapter told, when all is acknowledged. */
async function heard({ fake, events }: Listening): Promise<string[]> {
  await fake.outbox.untilSettled();
  return events.flatMap((event) => (event.type === 'message' ? [event.text] : []));
}

/** Posts an announcement of the bot in a channel; gives its `ts`. */
function announce({ adapter, fake, channel }: Listening, text: string): Promise<string> {
  return adapter.post(
    {
      tenant: fake.team.id,
      conversationKey: channel,
      messageId: 'an announcement',
      isAnnouncement: true,
      text,
      idempotencyKey: 'a'.repeat(24),
    },
    { signal: AbortSignal.timeout(60_000) },
  );
}

describe('which messages are for the bot on Slack', () => {
  it('hears mentions, direct messages and what is said in threads where it was asked', async () => {
    const setting = await listen();
    const { fake, ana, ben, channel, bot } = setting;
    const several = fake.addChannel('several', [ana, ben], { type: 'mpim' });
    const { ts } = fake.people.post({ channel, user: ana, text: `${bot} one` });
    fake.people.post({ channel, user: ben, text: 'two', threadTs: ts });
    fake.people.post({
      channel,
      user: ben,
      text: 'three',
      threadTs: ts,
      subtype: 'thread_broadcast',
    });
    const other = fake.people.post({ channel, user: ana, text: 'not for it' });
    fake.people.post({ channel, user: ben, text: 'nor this', threadTs: other.ts });
    fake.people.post({ channel, user: ben, text: `four ${bot}`, threadTs: other.ts });
    fake.people.post({ channel, user: ana, text: 'five', threadTs: other.ts });
    fake.people.post({ channel: several, user: ana, text: 'among people' });
    fake.people.post({ channel: several, user: ana, text: `six ${bot}` });
    const direct = fake.directMessages(ben);
    fake.people.post({ channel: direct, user: ben, text: 'seven' });
    fake.people.upload({ channel: direct, user: ben, files: [{ name: 'a.png' }] });
    const all = await heard(setting);
    expect(all.toSorted()).toEqual(
      ['one', 'two', 'three', 'four', 'five', 'six', 'seven', ''].toSorted(),
    );
  });

  it('keeps to threads where it was asked before it was started', async () => {
    const first = await listen();
    const { fake, ana, channel, bot } = first;
    const { ts } = fake.people.post({ channel, user: ana, text: `${bot} one` });
    const question = await first.event('message', ts);
    await first.stop();
    const again = await listen({
      on: first,
      host: { recentMessages: async () => [question], knownIn: async () => [ts] },
    });
    fake.people.post({ channel, user: ana, text: 'two', threadTs: ts });
    expect(await heard(again)).toEqual(['two']);
  });

  it('wants to be mentioned again where replies in threads are not for it', async () => {
    const setting = await listen({ threadReplies: false });
    const { fake, ana, channel, bot } = setting;
    const { ts } = fake.people.post({ channel, user: ana, text: `${bot} one` });
    fake.people.post({ channel, user: ana, text: 'two', threadTs: ts });
    fake.people.post({ channel, user: ana, text: `${bot} three`, threadTs: ts });
    expect(await heard(setting)).toEqual(['one', 'three']);
  });

  it('hears everything in channels that the operator names, or what brings a file', async () => {
    for (const [channelMessages, expected] of [
      ['all', ['words', 'picture', 'about it']],
      ['files', ['picture', 'about it']],
    ] as const) {
      const place = await listen();
      await place.stop();
      const setting = await listen({ on: place, channels: [place.channel], channelMessages });
      const { fake, ana, channel } = setting;
      const elsewhere = fake.addChannel('elsewhere', [ana]);
      fake.people.post({ channel: elsewhere, user: ana, text: 'elsewhere' });
      fake.people.post({ channel, user: ana, text: 'words' });
      const files = [{ name: 'a.png' }];
      const { ts } = fake.people.post({ channel, user: ana, text: 'picture', files });
      fake.people.post({ channel, user: ana, text: 'about it', threadTs: ts });
      expect(await heard(setting)).toEqual(expected);
    }
  });

  it('hears neither bots, itself among them, nor what Slack says', async () => {
    const setting = await listen();
    const { fake, ana, channel, bot } = setting;
    const text = `${bot} hello`;
    fake.people.post({ channel, user: ana, text, fields: { bot_id: 'B0OTHER0000' } });
    fake.people.post({ channel, user: 'USLACKBOT', text });
    const direct = fake.directMessages(ana);
    for (const subtype of ['channel_join', 'bot_message', 'channel_topic', 'reminder_add'])
      fake.people.post({ channel: direct, user: ana, text, subtype });
    fake.people.post({ channel: direct, user: fake.bot.botUserId, text: 'its own file' });
    await announce(setting, text);
    fake.people.post({ channel, user: ana, text: `${bot} last` });
    expect(await heard(setting)).toEqual(['last']);
  });

  it('takes a reply below an announcement of its own, which it quotes', async () => {
    const setting = await listen();
    const { fake, ana, channel, event } = setting;
    const announced = await announce(setting, 'Disk *full* at 9:00');
    const { ts } = fake.people.post({ channel, user: ana, text: 'Why?', threadTs: announced });
    const { quotes } = await event('message', ts);
    expect(quotes).toMatchObject([{ source: 'reply', authorId: fake.bot.botUserId }]);
    expect(quotes?.[0]?.text).toContain('full');
    const next = fake.people.post({ channel, user: ana, text: 'And now?', threadTs: announced });
    expect((await event('message', next.ts)).quotes).toEqual([]);
  });
});

describe('what becomes of messages later on Slack', () => {
  it('hears a message that mentions it only after a change, once', async () => {
    const setting = await listen();
    const { fake, ana, channel, bot, event, events } = setting;
    const { ts } = fake.people.post({ channel, user: ana, text: 'Which colour?' });
    fake.people.edit(channel, ts, `${bot} Which colour?`);
    expect(await event('message', ts)).toMatchObject({ text: 'Which colour?' });
    for (const delivery of fake.outbox.deliveries) fake.outbox.again(delivery);
    fake.people.post({ channel, user: ana, text: `${bot} last` });
    expect(await heard(setting)).toEqual(['Which colour?', 'last']);
    expect(events).toHaveLength(2);
  });

  it('tells of changes of a question, also when the mention is taken out, and not of others', async () => {
    const setting = await listen();
    const { fake, ana, channel, bot, event, events } = setting;
    const { ts } = fake.people.post({ channel, user: ana, text: `${bot} Which colour?` });
    await event('message', ts);
    fake.people.react(channel, ts, ana, 'eyes');
    fake.people.edit(channel, ts, 'Which form?');
    expect(await event('edited', ts)).toMatchObject({
      conversationKey: `${channel}:${ts}`,
      text: 'Which form?',
    });
    const other = fake.people.post({ channel, user: ana, text: 'Not for it' });
    fake.people.edit(channel, other.ts, 'Still not for it');
    await fake.outbox.untilSettled();
    expect(events.map(({ messageId }) => messageId)).toEqual([ts, ts]);
  });

  it('keeps to what it was asked about when a question in a thread changes', async () => {
    const { fake, ana, ben, channel, bot, event } = await listen();
    const files = [{ name: 'chart.png' }];
    const root = fake.people.post({ channel, user: ben, text: 'My chart', files });
    const { ts } = fake.people.post({
      channel,
      user: ana,
      text: `${bot} Well?`,
      threadTs: root.ts,
    });
    const asked = await event('message', ts);
    fake.people.edit(channel, ts, `${bot} Is it well?`);
    const { attachments, quotes } = await event('edited', ts);
    expect({ attachments, quotes }).toEqual({
      attachments: asked.attachments,
      quotes: asked.quotes,
    });
    expect(attachments).toHaveLength(1);
  });

  it('tells of deletions, of a thread’s first message too', async () => {
    const setting = await listen();
    const { fake, ana, channel, bot, event } = setting;
    const { ts } = fake.people.post({ channel, user: ana, text: `${bot} one` });
    const reply = fake.people.post({ channel, user: ana, text: 'two', threadTs: ts });
    await event('message', reply.ts);
    fake.people.delete(channel, reply.ts);
    const place = { tenant: fake.team.id, conversationKey: `${channel}:${ts}` };
    expect(await event('deleted', reply.ts)).toMatchObject(place);
    // Slack leaves a tombstone of a message that has replies.
    fake.tell({
      type: 'message',
      subtype: 'message_changed',
      hidden: true,
      channel,
      channel_type: 'channel',
      ts: fake.world.nextTs(),
      message: { subtype: 'tombstone', user: 'USLACKBOT', ts, thread_ts: ts, text: 'Gone.' },
      previous_message: { user: ana, ts, thread_ts: ts, text: `${bot} one` },
    });
    expect(await event('deleted', ts)).toMatchObject(place);
  });

  it('takes nothing that was deleted before it could be stored, when Slack tells of it again', async () => {
    const place = await startFake();
    place.fake.outbox.ackTimeoutMs = 500;
    let isBroken = true;
    const setting = await listen({
      on: place,
      receive: async ({ type }) => {
        if (isBroken && type !== 'deleted') throw new Error('The disk is full.');
      },
    });
    const { fake, ana, channel, bot, event } = setting;
    const { ts } = fake.people.post({ channel, user: ana, text: `${bot} one` });
    fake.people.delete(channel, ts);
    await event('deleted', ts);
    isBroken = false;
    expect(await heard(setting)).toEqual([]);
    expect(fake.outbox.deliveries.some(({ sent }) => sent > 1)).toBe(true);
  });

  it('passes over what it cannot read', async () => {
    const { fake, ana, channel, bot, event } = await listen();
    const place = { type: 'message', channel, channel_type: 'channel' };
    fake.tell({ ...place, ts: 1, text: {} });
    fake.tell({ ...place, subtype: 'message_changed', message: null });
    fake.tell({ ...place, subtype: 'message_deleted' });
    fake.tell({ ...place, ts: fake.world.nextTs(), user: ana, text: bot, files: 'none' });
    const { ts } = fake.people.post({ channel, user: ana, text: `${bot} Still there?` });
    expect(await event('message', ts)).toMatchObject({ text: 'Still there?' });
    await fake.outbox.untilSettled();
    expect(fake.outbox.deliveries.every(({ acks }) => acks.length === 1)).toBe(true);
  });
});
