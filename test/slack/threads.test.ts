import type { PlatformEvent } from '@vistazo/core';
import { testHost } from '@vistazo/core/testing';
import { describe, expect, it, vi } from 'vitest';
import { type Listening, listen, startFake } from './hearing.ts';

const bytes = Buffer.from('a picture');

type Place = Awaited<ReturnType<typeof startFake>>;

/** A thread that the bot did not hear, as it was not there: a picture of Ben's, and another one of Ana's below. */
function unheardThread({ fake, ana, ben, channel }: Place): string {
  const { members } = fake.world.channel(channel);
  members.delete(fake.bot.botUserId);
  const { ts } = fake.people.post({
    channel,
    user: ben,
    text: 'My chart',
    files: [
      { name: 'chart.png', bytes, altText: 'Sales' },
      { name: 'notes.txt', bytes },
    ],
  });
  fake.people.post({
    channel,
    user: ana,
    text: 'And mine',
    threadTs: ts,
    files: [{ name: 'mine.png', bytes: Buffer.from('another') }],
  });
  members.add(fake.bot.botUserId);
  return ts;
}

/** What Slack answers when it is asked about threads, in place of that. */
function refuseReplies({ fake }: Place, retryAfterSec: number): () => void {
  return fake.api.intercept(({ method }) =>
    method === 'conversations.replies'
      ? {
          status: 429,
          headers: { 'retry-after': String(retryAfterSec) },
          body: { ok: false, error: 'ratelimited' },
        }
      : undefined,
  );
}

const filesOf = (attachments: { name?: string | undefined; source?: string | undefined }[] = []) =>
  attachments.map(({ name, source }) => [name, source]);

const whole = [
  ['chart.png', 'thread'],
  ['mine.png', 'history'],
];

describe('a thread on Slack that the bot is asked in', () => {
  it('brings the pictures and words that stand in it, with whose they are, and asks Slack once', async () => {
    const place = await startFake();
    const root = unheardThread(place);
    const { fake, ana, ben, channel, bot, event, fetchText } = await listen({ on: place });
    const { ts } = fake.people.post({ channel, user: ana, text: `${bot} Well?`, threadTs: root });
    const { attachments = [], quotes } = await event('message', ts);
    expect(attachments).toMatchObject([
      {
        name: 'chart.png',
        description: 'Sales',
        author: { id: ben, name: 'Ben' },
        source: 'thread',
      },
      { name: 'mine.png', author: { id: ana, name: 'Ana' }, source: 'history' },
    ]);
    expect(await Promise.all(attachments.map(({ url }) => fetchText(url)))).toEqual([
      'a picture',
      'another',
    ]);
    expect(quotes).toEqual([
      { source: 'history', text: 'My chart\n[file notes.txt]', author: 'Ben', authorId: ben },
      { source: 'history', text: 'And mine', author: 'Ana', authorId: ana },
    ]);
    // What comes between two questions is heard.
    fake.people.post({
      channel,
      user: ben,
      text: 'Hm',
      threadTs: root,
      files: [{ name: 'c.png' }],
    });
    const next = fake.people.post({ channel, user: ana, text: 'Now?', threadTs: root });
    await event('message', next.ts);
    expect(fake.api.callsOf('conversations.replies')).toHaveLength(1);
  });

  it('asks Slack for nothing in a thread that it heard from the beginning', async () => {
    const { fake, ana, ben, channel, bot, event } = await listen();
    const files = [{ name: 'chart.png', bytes }];
    const root = fake.people.post({ channel, user: ben, text: 'My chart', files });
    fake.people.post({ channel, user: ben, text: 'Sold!', threadTs: root.ts });
    const { ts } = fake.people.post({ channel, user: ana, text: `${bot} Hm`, threadTs: root.ts });
    const { attachments, quotes } = await event('message', ts);
    expect(filesOf(attachments)).toEqual([['chart.png', 'thread']]);
    expect(quotes?.map(({ text }) => text)).toEqual(['My chart', 'Sold!']);
    expect(fake.api.callsOf('conversations.replies')).toEqual([]);
  });

  it('brings what was said since it was asked last, and not its own answers', async () => {
    const { fake, ana, ben, channel, bot, event, adapter } = await listen({ threadReplies: false });
    const { ts } = fake.people.post({ channel, user: ana, text: `${bot} One?` });
    const asked = await event('message', ts);
    const post = { ...asked, text: 'An answer', idempotencyKey: 'a'.repeat(24) };
    await adapter.post(post, { signal: AbortSignal.timeout(60_000) });
    const files = [{ name: 'new.png' }];
    fake.people.post({ channel, user: ben, text: 'Look', threadTs: ts, files });
    const second = fake.people.post({ channel, user: ana, text: `${bot} Two?`, threadTs: ts });
    const { attachments, quotes } = await event('message', second.ts);
    expect(filesOf(attachments)).toEqual([['new.png', 'history']]);
    expect(quotes?.map(({ text }) => text)).toEqual(['Look']);
  });

  it('keeps the picture that a long thread was begun of', async () => {
    const { fake, ana, ben, channel, bot, event } = await listen();
    const files = [{ name: 'chart.png', bytes }];
    const root = fake.people.post({ channel, user: ben, text: 'My chart', files });
    for (let each = 0; each < 80; each++)
      fake.people.post({ channel, user: ben, text: `${each}`, threadTs: root.ts });
    const { ts } = fake.people.post({ channel, user: ana, text: `${bot} Hm`, threadTs: root.ts });
    const { attachments, quotes } = await event('message', ts);
    expect(filesOf(attachments)).toEqual([['chart.png', 'thread']]);
    expect(quotes?.at(-1)?.text).toBe('79');
  });
});

describe('a thread of which Slack does not tell soon', () => {
  const ask = ({ fake, ana, channel, bot }: Listening, root: string) =>
    fake.people.post({ channel, user: ana, text: `${bot} Well?`, threadTs: root }).ts;

  it('is taken without its pictures, which follow as a change when Slack tells of them', async () => {
    const place = await startFake();
    const root = unheardThread(place);
    const setting = await listen({ on: place });
    const { fake, event } = setting;
    const told = Promise.withResolvers<undefined>();
    fake.api.intercept(({ method }) =>
      method === 'conversations.replies' ? told.promise : undefined,
    );
    const ts = ask(setting, root);
    expect(await event('message', ts)).toMatchObject({ text: 'Well?', attachments: [] });
    await fake.outbox.untilSettled();
    told.resolve(undefined);
    const changed = await event('edited', ts);
    expect(changed).toMatchObject({ text: 'Well?', conversationKey: `${place.channel}:${root}` });
    expect(filesOf(changed.attachments)).toEqual(whole);
  });

  it('is asked for again after 429, when Slack says so, and changes made meanwhile are kept', async () => {
    const place = await startFake();
    const root = unheardThread(place);
    const setting = await listen({ on: place });
    const { fake, event, events, bot, channel } = setting;
    const allow = refuseReplies(place, 2);
    const ts = ask(setting, root);
    await event('message', ts);
    fake.people.edit(channel, ts, `${bot} Is it well?`);
    expect(await event('edited', ts)).toMatchObject({ text: 'Is it well?', attachments: [] });
    allow();
    const changed = await vi.waitFor(() => {
      const found = events.find((each) => each.type === 'edited' && each.attachments?.length);
      if (found?.type !== 'edited') throw new Error('It was not completed.');
      return found;
    }, 10_000);
    expect(changed.text).toBe('Is it well?');
    expect(filesOf(changed.attachments)).toEqual(whole);
    const calls = fake.api.calls.filter(({ method }) => method === 'conversations.replies');
    expect(calls).toHaveLength(2);
    expect((calls[1]?.atMs ?? 0) - (calls[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(1990);
  });

  it('is asked for page by page where Slack tells few messages at once', async () => {
    const place = await startFake();
    const root = unheardThread(place);
    const setting = await listen({ on: place });
    const { fake, event } = setting;
    const messages = fake.messages(place.channel, root);
    const pages = [
      { ok: true, messages: messages.slice(0, 1), response_metadata: { next_cursor: 'next' } },
      { ok: true, messages: messages.slice(1), response_metadata: { next_cursor: '' } },
    ];
    fake.api.intercept(({ method, args }) =>
      method === 'conversations.replies'
        ? { body: pages[args.cursor === 'next' ? 1 : 0] ?? '' }
        : undefined,
    );
    const ts = ask(setting, root);
    expect(filesOf((await event('message', ts)).attachments)).toEqual(whole);
    expect(fake.api.callsOf('conversations.replies')).toHaveLength(2);
  });

  it('is completed by the next process, where this one died before', async () => {
    const place = await startFake();
    const root = unheardThread(place);
    const { storage } = testHost();
    const setting = await listen({ on: place, host: { storage } });
    const allow = refuseReplies(place, 60);
    const ts = ask(setting, root);
    const question = await setting.event('message', ts);
    await setting.fake.outbox.untilSettled();
    await setting.stop();
    allow();
    const received: PlatformEvent[] = [];
    await listen({
      on: place,
      host: {
        storage,
        recentMessages: async () => [question],
        receive: async (event) => {
          received.push(event);
          return 'accepted';
        },
      },
    });
    const changed = await vi.waitFor(() => {
      const found = received.find((each) => each.type === 'edited');
      if (found?.type !== 'edited') throw new Error('It was not completed.');
      return found;
    }, 10_000);
    expect(changed).toMatchObject({ messageId: ts, text: 'Well?' });
    expect(filesOf(changed.attachments)).toEqual(whole);
    await vi.waitFor(async () => expect(await storage(place.fake.team.id).keys()).toEqual([]));
  });

  it('is let be where Slack will never tell of it, and the operator hears which scope is lacking', async () => {
    const place = await startFake();
    const root = unheardThread(place);
    place.fake.bot.scopes.delete('channels:history');
    const setting = await listen({ on: place });
    const { fake, events, event, notices } = setting;
    const ts = ask(setting, root);
    expect(await event('message', ts)).toMatchObject({ text: 'Well?', attachments: [] });
    await fake.outbox.untilSettled();
    expect(events).toHaveLength(1);
    expect(notices).toEqual([expect.stringContaining('lacks the scope channels:history')]);
  });

  it('takes a question under the id of its author where Slack does not name people in time', async () => {
    const { fake, ana, channel, bot, event } = await listen();
    const named = Promise.withResolvers<undefined>();
    const stop = fake.api.intercept(({ method }) =>
      method === 'users.info' ? named.promise : undefined,
    );
    const first = fake.people.post({ channel, user: ana, text: `${bot} One?` });
    expect((await event('message', first.ts)).author).toEqual({ id: ana, name: ana });
    named.resolve(undefined);
    stop();
    await vi.waitFor(async () => {
      const next = fake.people.post({ channel, user: ana, text: `${bot} Two?` });
      expect((await event('message', next.ts)).author).toEqual({ id: ana, name: 'Ana' });
    });
  });
});
