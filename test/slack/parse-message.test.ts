import { describe, expect, it } from 'vitest';
import { listen } from './hearing.ts';

const bytes = Buffer.from('a picture');

describe('what the Slack adapter makes of a message', () => {
  it('names the author, and gives the words without marks of Slack', async () => {
    const { fake, ana, ben, channel, bot, event } = await listen();
    const { ts } = fake.people.post({
      channel,
      user: ana,
      text: `${bot} Is <@${ben}> &lt;right&gt; about <https://example.org|this>?`,
    });
    expect(await event('message', ts)).toMatchObject({
      tenant: fake.team.id,
      conversationKey: `${channel}:${ts}`,
      author: { id: ana, name: 'Ana' },
      postedAtMs: Math.floor(Number(ts) * 1000),
      text: 'Is @Ben <right> about this (https://example.org)?',
    });
  });

  it('takes several files with their alternative texts, and their bytes with the token', async () => {
    const { fake, ana, channel, bot, event, fetchText } = await listen();
    const { ts } = fake.people.post({
      channel,
      user: ana,
      text: `${bot} Which one?`,
      files: [
        { name: 'a.png', bytes, altText: 'A cat asleep' },
        { name: 'b.png', bytes: Buffer.from('another') },
      ],
    });
    const { attachments = [] } = await event('message', ts);
    expect(attachments).toEqual([
      { url: expect.any(String), name: 'a.png', description: 'A cat asleep' },
      { url: expect.any(String), name: 'b.png' },
    ]);
    expect(await Promise.all(attachments.map(({ url }) => fetchText(url)))).toEqual([
      'a picture',
      'another',
    ]);
  });

  it('takes a mention once, whichever of its events comes first', async () => {
    const { fake, ana, channel, bot, event, events } = await listen();
    for (const mentionsFirst of [false, true]) {
      fake.people.mentionsFirst = mentionsFirst;
      const { ts } = fake.people.post({
        channel,
        user: ana,
        text: bot,
        files: [{ name: 'a.png' }],
      });
      expect((await event('message', ts)).attachments).toHaveLength(1);
    }
    await fake.outbox.untilSettled();
    expect(events).toHaveLength(2);
  });

  it('completes a mention that was told first without its files', async () => {
    const { fake, ana, channel, bot, event, events } = await listen();
    const ts = fake.world.nextTs();
    const mention = { user: ana, text: `${bot} What is it?`, ts, channel, event_ts: ts };
    fake.tell({ type: 'app_mention', ...mention });
    await event('message', ts);
    const file = fake.files.add(fake.team.id, { name: 'late.png', bytes });
    fake.tell({
      type: 'message',
      subtype: 'file_share',
      channel_type: 'channel',
      ...mention,
      files: [file],
    });
    const { attachments } = await event('edited', ts);
    expect(attachments).toMatchObject([{ name: 'late.png' }]);
    expect(events).toHaveLength(2);
  });

  it('takes messages that were shared or are linked, with their files and whose they are', async () => {
    const { fake, ana, ben, channel, bot, event, fetchText } = await listen();
    const other = fake.addChannel('other', [ana, ben]);
    const theirs = fake.people.post({
      channel: other,
      user: ben,
      text: 'My chart &amp; more',
      files: [
        { name: 'chart.png', bytes },
        { name: 'notes.txt', bytes },
      ],
      attachments: [{ title: 'A cat', image_url: 'https://example.com/cat.png' }],
    });
    const { ts } = fake.people.share(
      { channel: other, ts: theirs.ts },
      { channel, user: ana, text: `${bot} Look` },
    );
    const { attachments, quotes } = await event('message', ts);
    const author = { id: ben, name: 'Ben' };
    expect(attachments).toEqual([
      { url: expect.any(String), name: 'chart.png', source: 'forward', author },
      { url: 'https://example.com/cat.png', description: 'A cat', source: 'forward', author },
    ]);
    expect(await fetchText(attachments?.[0]?.url)).toBe('a picture');
    expect(quotes).toEqual([
      {
        source: 'forward',
        text: 'My chart & more\nA cat\n[file notes.txt]',
        author: 'Ben',
        authorId: ben,
      },
    ]);
  });

  it('takes the pictures and words of shared messages of apps, which stand in blocks', async () => {
    const { fake, ana, channel, bot, event } = await listen();
    const file = fake.files.add(fake.team.id, { name: 'graph.png', bytes });
    const { ts } = fake.people.post({
      channel,
      user: ana,
      text: `${bot} What does it say?`,
      attachments: [
        {
          is_share: true,
          author_name: 'Alerts',
          message_blocks: [
            {
              message: {
                blocks: [
                  { type: 'section', text: { type: 'mrkdwn', text: 'Disk is *full*' } },
                  { type: 'image', image_url: 'https://example.com/a.png', alt_text: 'A graph' },
                  { type: 'image', slack_file: { id: file.id }, alt_text: 'Another graph' },
                ],
              },
            },
          ],
        },
      ],
    });
    const { attachments, quotes } = await event('message', ts);
    expect(attachments).toEqual([
      { url: 'https://example.com/a.png', description: 'A graph', source: 'forward' },
      { url: expect.stringContaining(file.id), description: 'Another graph', source: 'forward' },
    ]);
    expect(quotes).toEqual([{ source: 'forward', text: 'Disk is *full*', author: 'Alerts' }]);
  });

  it('takes previews of links, also when they come later, and asks no more of what shows only words', async () => {
    const { fake, ana, channel, bot, event, events } = await listen();
    const preview = { title: 'A page', text: 'About cats', thumb_url: 'https://example.com/c.png' };
    const first = fake.people.post({ channel, user: ana, text: bot, attachments: [preview] });
    const picture = { url: preview.thumb_url, description: 'A page', source: 'embed' };
    expect(await event('message', first.ts)).toMatchObject({
      attachments: [picture],
      quotes: [{ source: 'embed', text: 'A page\nAbout cats' }],
    });
    const second = fake.people.post({ channel, user: ana, text: `${bot} And this?` });
    await event('message', second.ts);
    fake.people.unfurl(channel, second.ts, [{ title: 'Words', text: 'Only words' }]);
    fake.people.unfurl(channel, second.ts, [{ title: 'Words' }, preview]);
    expect(await event('edited', second.ts)).toMatchObject({
      text: 'And this?',
      attachments: [picture],
    });
    await fake.outbox.untilSettled();
    expect(events.filter(({ type }) => type === 'edited')).toHaveLength(1);
  });

  it('takes no address of a preview or block for a file of a team', async () => {
    const { fake, ana, channel, bot, event } = await listen();
    const url = 'slack-file:T_OTHER/F1//https://files.slack.com/files-pri/T_OTHER-F1/secret.png';
    const { ts } = fake.people.post({
      channel,
      user: ana,
      text: bot,
      attachments: [
        { title: 'A page', image_url: url, thumb_url: 'https://example.com/c.png' },
        { title: 'Another', thumb_url: url },
        { title: 'A third', blocks: [{ type: 'image', image_url: url, alt_text: 'Secret' }] },
      ],
    });
    expect((await event('message', ts)).attachments).toEqual([
      { url: 'https://example.com/c.png', description: 'A page', source: 'embed' },
    ]);
  });

  it('names somebody of another organisation as the message does, in the tenant of the bot', async () => {
    const { fake, channel, bot, event } = await listen();
    const team = fake.addTeam('Partner').teamId;
    const { ts } = fake.people.post({
      channel,
      user: 'U0STRANGER0',
      text: `${bot} Hello`,
      fields: { team, ...{ user_profile: { display_name: 'Zoë', real_name: 'Zoë Z', team } } },
    });
    expect(await event('message', ts)).toMatchObject({
      tenant: fake.team.id,
      author: { id: 'U0STRANGER0', name: 'Zoë' },
    });
  });

  it('has the direct messages with a person in one conversation, and in its threads others', async () => {
    const { fake, ana, event } = await listen();
    const direct = fake.directMessages(ana);
    const { ts } = fake.people.post({ channel: direct, user: ana, text: 'Hi' });
    expect(await event('message', ts)).toMatchObject({ conversationKey: direct, text: 'Hi' });
    const reply = fake.people.post({ channel: direct, user: ana, text: 'And?', threadTs: ts });
    expect(await event('message', reply.ts)).toMatchObject({
      conversationKey: `${direct}:${ts}`,
      quotes: [{ source: 'history', text: 'Hi' }],
    });
    // By then Slack says of the first one that a thread was begun of it.
    const asked = fake.world.postAt(direct, ts);
    if (asked) asked.message = { ...asked.message, thread_ts: ts };
    fake.people.edit(direct, ts, 'Hello');
    expect(await event('edited', ts)).toMatchObject({ conversationKey: direct, text: 'Hello' });
    fake.people.delete(direct, ts);
    expect(await event('deleted', ts)).toMatchObject({ conversationKey: direct });
  });
});
