import type { Store } from '@vistazo/core';
import { testHost } from '@vistazo/core/testing';
import sharp from 'sharp';
import { describe, expect, it, vi } from 'vitest';
import { newPath, newTwin, startBot, untilSaid } from './bot-on-twin.ts';

const create = { width: 8, height: 8, channels: 3, background: { r: 255, g: 0, b: 0 } } as const;
const red = await sharp({ create }).png().toBuffer();

/** A bot that answered `Red.` to a question about a picture, and is stopped. */
async function answeredOnce() {
  const [twin, path] = [await newTwin(), await newPath()];
  const bot = await startBot(twin, path, ['Red.']);
  const asked = await twin.ask('Which colour?', { pictures: [red] });
  await untilSaid(twin, asked, ['Red.']);
  await bot.idle();
  await bot.stop();
  const person = twin.digital.channel(twin.channelId).user(twin.ana);
  const edit = (messageId: string, text: string) =>
    person.editMessage({ messageId, content: `<@${twin.botId}> ${text}` });
  return { twin, path, asked, person, edit };
}

/** All that is kept of what people wrote in the server. */
async function keptIn(store: Store, tenant: string) {
  const conversations = store.forTenant(tenant);
  const all = await conversations.listConversations();
  const messages = await Promise.all(all.map(({ id }) => conversations.messagesOf(id)));
  return messages.flat().flatMap(({ parts }) => parts);
}

describe('what happens on discord-digital-twin while a bot is away', () => {
  it('is a question that is changed, and it is answered anew in place, once', async () => {
    const { twin, path, asked, edit } = await answeredOnce();
    const [first] = await twin.repliesTo(asked);
    await edit(asked, 'Which form?');
    const second = await startBot(twin, path, ['A square.']);
    await untilSaid(twin, asked, ['A square.']);
    await second.idle();
    await second.stop();
    expect((await twin.repliesTo(asked))[0]?.id).toBe(first?.id);
    const third = await startBot(twin, path, ['A circle.']);
    await untilSaid(twin, await twin.ask('And now?'), ['A circle.']);
    await third.idle();
    expect(third.model.prompts).toHaveLength(1);
    await untilSaid(twin, asked, ['A square.']);
  });

  it('is a question that is deleted, and its answer, its text and its picture go', async () => {
    const { twin, path, asked, person } = await answeredOnce();
    await person.deleteMessage({ messageId: asked });
    const second = await startBot(twin, path);
    await untilSaid(twin, asked, []);
    expect(await keptIn(second.store, twin.guildId)).toEqual([]);
  });

  it('is no deletion where the bot may not read what there is', async () => {
    const { twin, path, asked } = await answeredOnce();
    const looks = vi.fn();
    twin.front.intercept(({ method, path: called }) => {
      if (method !== 'GET' || !called.startsWith(`/channels/${twin.channelId}/messages`))
        return undefined;
      looks();
      // Discord shows an empty list to those who may not read the history.
      return called.includes('?')
        ? { status: 200, body: [] }
        : { status: 403, body: { code: 50001, message: 'Missing Access' } };
    });
    const second = await startBot(twin, path);
    await vi.waitFor(() => expect(looks.mock.calls.length).toBeGreaterThanOrEqual(3), 10_000);
    await second.stop();
    await untilSaid(twin, asked, ['Red.']);
  });

  it('is a question in a thread of its own that is deleted, and no other one', async () => {
    const [twin, path, threads] = [
      await newTwin(),
      await newPath(),
      { threads: 'guilds' } as const,
    ];
    const first = await startBot(twin, path, ['Red.', 'Blue.'], threads);
    const asked = [await twin.ask('Which colour?'), await twin.ask('And this?')];
    const said = () =>
      Promise.all(asked.map(async (id) => (await twin.posts(id)).map(({ content }) => content)));
    await vi.waitFor(async () => expect(await said()).toEqual([['Red.'], ['Blue.']]), 20_000);
    await first.idle();
    await first.stop();
    const person = twin.digital.channel(twin.channelId).user(twin.ana);
    await person.deleteMessage({ messageId: asked[0] ?? '' });
    // The message that a thread was begun of stands in the channel, and not in the thread.
    twin.front.intercept(({ method, path: called }) =>
      method === 'GET' && /^\/channels\/(\d+)\/messages\/\1$/.test(called)
        ? { status: 404, body: { code: 10008, message: 'Unknown Message' } }
        : undefined,
    );
    const second = await startBot(twin, path, [], threads);
    await vi.waitFor(async () => expect(await said()).toEqual([[], ['Blue.']]), 20_000);
    await second.stop();
    expect(await said()).toEqual([[], ['Blue.']]);
  });

  it('is a question that is posted and changed, and it is answered once, as it is then', async () => {
    const { twin, path, edit } = await answeredOnce();
    const missed = await twin.ask('Which colour?', { by: twin.ana });
    await edit(missed, 'Which form?');
    const second = await startBot(twin, path, ['A square.', 'A circle.']);
    await untilSaid(twin, missed, ['A square.']);
    await second.idle();
    await second.stop();
    const third = await startBot(twin, path, ['A circle.']);
    await untilSaid(twin, await twin.ask('And now?'), ['A circle.']);
    await third.idle();
    expect(second.model.prompts).toHaveLength(1);
    expect(JSON.stringify(second.model.prompts)).toContain('Which form?');
    expect(third.model.prompts).toHaveLength(1);
    await untilSaid(twin, missed, ['A square.']);
  });

  it('is a server that takes it out, which is forgotten', async () => {
    const { twin: left, path } = await answeredOnce();
    const elsewhere = await startBot(await newTwin(), path);
    await vi.waitFor(() => expect(elsewhere.notices.join()).toContain(left.guildId), 10_000);
    expect(await keptIn(elsewhere.store, left.guildId)).toEqual([]);
    expect(await elsewhere.store.jobs.tenants('discord')).toEqual([]);
  });
});

const serverOn = (shard: number, number: number) =>
  String((BigInt(350_000_000_000 * 2 + shard) << 22n) + BigInt(number));

/** What an adapter of the first of two shards forgets first of some tenants; Discord says it is in `present`. */
async function forgottenOf(tenants: string[], present?: string): Promise<string[]> {
  const twin = await newTwin();
  twin.front.intercept(({ path }) =>
    path === `/guilds/${present}` ? { status: 200, body: { id: present } } : undefined,
  );
  const forgotten: string[] = [];
  const adapter = twin.newAdapter({ clientOptions: { shards: [0], shardCount: 2 } });
  await adapter.start(
    testHost({
      forget: async (tenant) => void forgotten.push(tenant),
      tenants: async () => [twin.guildId, ...tenants],
    }),
  );
  await vi.waitFor(() => expect(forgotten).not.toEqual([]), 10_000);
  await adapter.stop();
  await adapter.close?.();
  return forgotten;
}

describe('of the tenants that are known and that a shard is not told of', () => {
  it('only servers of that shard are forgotten, and no person', async () => {
    const [own, other] = [serverOn(0, 1), serverOn(1, 1)];
    expect(await forgottenOf([other, `dm:${own}`, own])).toEqual([own]);
  });

  it('none is forgotten that Discord says the bot is in', async () => {
    const [present, left] = [serverOn(0, 1), serverOn(0, 2)];
    expect(await forgottenOf([present, left], present)).toEqual([left]);
  });
});
