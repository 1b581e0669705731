import type { Adapter, MessageEvent, PlatformEvent } from '@vistazo/core';
import { testHost } from '@vistazo/core/testing';
import { createSlackAdapter, type SlackAdapterOptions } from '@vistazo/slack';
import { describe, expect, it } from 'vitest';
import { type Listening, listen, startFake } from './hearing.ts';

type Asked = Pick<MessageEvent, 'tenant' | 'conversationKey' | 'messageId'>;

/** Somebody asks in the channel; gives the question. */
async function ask({ fake, channel, event, bot }: Listening, user: string): Promise<Asked> {
  const { ts } = fake.people.post({ channel, user, text: `${bot} Which colour?` });
  return event('message', ts);
}

const answer = (adapter: Adapter, asked: Asked, idempotencyKey = 'f'.repeat(24)) =>
  adapter.post(
    { ...asked, text: 'Red.', idempotencyKey },
    { signal: AbortSignal.timeout(60_000), completes: 'answer' },
  );

/** What the bot wrote a person directly. */
const directly = ({ fake }: Listening, person: string) =>
  fake.messages(fake.directMessages(person)).map(({ text }) => text);

describe('bad input to the Slack adapter', () => {
  it.each<[string, SlackAdapterOptions, string]>([
    ['a channel by its name', { channels: ['general'] }, 'is no id of a channel'],
    ['a token of a person', { botToken: 'xoxp-1' }, 'is no token of a bot'],
    ['tokens the wrong way round', { appToken: 'xoxb-1' }, 'is no token of an app'],
  ])('says what is wrong with %s', (_, options, complaint) => {
    const given = { botToken: 'xoxb-1', appToken: 'xapp-1', ...options };
    expect(() => createSlackAdapter(given)).toThrow(complaint);
  });

  it.each([
    ['a wrong token', 'xoxb-wrong', 'active', 'Slack refuses the token'],
    ['a revoked token', undefined, 'token_revoked', 'The token was revoked'],
    ['an app that was taken out', undefined, 'account_inactive', 'was taken out'],
  ] as const)('does not start with %s, and says so', async (_, token, state, sentence) => {
    const { fake } = await startFake();
    fake.bot.state = state;
    const adapter = createSlackAdapter({
      botToken: token ?? fake.bot.botToken,
      appToken: fake.appToken,
      slackApiUrl: fake.apiUrl,
      notify: () => {},
    });
    await expect(adapter.start(testHost())).rejects.toMatchObject({
      code: 'option.invalid',
      message: expect.stringContaining(sentence),
    });
  });

  it('gives answers up when the token is revoked while it runs, tells the operator once, and goes on', async () => {
    const setting = await listen();
    const { fake, adapter, ana, notices } = setting;
    const asked = await ask(setting, ana);
    fake.bot.state = 'token_revoked';
    for (const key of ['f', 'g'])
      await expect(answer(adapter, asked, key.repeat(24))).rejects.toMatchObject({
        code: 'platform.gone',
      });
    expect(notices).toEqual([expect.stringContaining('the token was revoked (token_revoked)')]);
    fake.bot.state = 'active';
    await answer(adapter, asked, 'h'.repeat(24));
    expect(fake.messages(setting.channel).at(-1)?.text).toContain('Red.');
  });

  it('names the scope that is lacking', async () => {
    const setting = await listen();
    const { fake, adapter, ana, notices } = setting;
    const asked = await ask(setting, ana);
    fake.bot.scopes.delete('chat:write');
    await expect(answer(adapter, asked)).rejects.toMatchObject({
      code: 'platform.gone',
      message: expect.stringContaining('lacks the scope chat:write'),
    });
    expect(notices).toEqual([
      expect.stringContaining(
        `In the Slack team ${fake.team.id} the bot lacks the scope chat:write`,
      ),
    ]);
  });

  it('tells who asked that the channel was archived, once, and the operator', async () => {
    const setting = await listen();
    const { fake, adapter, ana, channel, notices } = setting;
    const asked = [await ask(setting, ana), await ask(setting, ana)];
    fake.world.channel(channel).isArchived = true;
    for (const [index, each] of asked.entries())
      await expect(answer(adapter, each, `${index}`.repeat(24))).rejects.toMatchObject({
        code: 'platform.gone',
      });
    expect(directly(setting, ana)).toEqual([
      expect.stringContaining(`<#${channel}> was archived, so I could not answer you there.`),
    ]);
    expect(notices).toEqual([expect.stringContaining('The channel was archived.')]);
  });

  it('tells who asked how to invite the bot where it is not in the channel, in their language', async () => {
    const place = await startFake();
    const eva = place.fake.addPerson('Eva', { locale: 'es-ES' });
    place.fake.world.channel(place.channel).members.add(eva);
    const setting = await listen({ on: place });
    const { fake, adapter, ana, channel } = setting;
    const theirs = await ask(setting, eva);
    const other = fake.addChannel('private', [ana], { type: 'group' });
    const { ts } = fake.people.post({ channel: other, user: ana, text: `${setting.bot} Hi` });
    const mine = await setting.event('message', ts);
    for (const id of [channel, other]) fake.people.leave(id, fake.bot.botUserId);
    for (const each of [theirs, mine])
      await expect(answer(adapter, each)).rejects.toMatchObject({ code: 'platform.gone' });
    expect(directly(setting, eva)).toEqual([expect.stringMatching(/^No estoy en .*\/invite/)]);
    expect(directly(setting, ana)).toEqual([expect.stringMatching(/^I am not in .*\/invite/)]);
  });

  it('gives up an answer in a thread that is gone, and tells nobody of it', async () => {
    const setting = await listen();
    const { fake, adapter, ana, notices } = setting;
    const asked = await ask(setting, ana);
    fake.api.intercept(({ method }) =>
      method === 'chat.postMessage'
        ? { body: { ok: false, error: 'thread_not_found' } }
        : undefined,
    );
    await expect(answer(adapter, asked)).rejects.toMatchObject({ code: 'platform.gone' });
    expect([...directly(setting, ana), ...notices]).toEqual([]);
  });

  it('passes on how long Slack wants it to wait', async () => {
    const setting = await listen();
    const asked = await ask(setting, setting.ana);
    setting.fake.api.intercept(({ method }) =>
      method === 'chat.postMessage'
        ? { status: 429, headers: { 'retry-after': '600' }, body: { ok: false } }
        : undefined,
    );
    const failed: unknown = await answer(setting.adapter, asked).catch((error: unknown) => error);
    expect(failed).toMatchObject({
      code: 'platform.failed',
      cause: { retryAfterMs: 600_000 },
    });
  });

  it('does not acknowledge what could not be stored, and takes it once when Slack tells it again', async () => {
    let failures = 1;
    const received: PlatformEvent[] = [];
    const place = await startFake();
    place.fake.outbox.ackTimeoutMs = 300;
    const setting = await listen({
      on: place,
      receive: async (event) => {
        received.push(event);
        if (failures-- > 0) throw new Error('The disk is full.');
      },
    });
    const { fake, ana, events } = setting;
    const direct = fake.directMessages(ana);
    const { ts } = fake.people.post({ channel: direct, user: ana, text: 'Hello' });
    expect(await setting.event('message', ts)).toMatchObject({ text: 'Hello' });
    await fake.outbox.untilSettled();
    expect(fake.outbox.deliveries.at(-1)?.acks).toMatchObject([{ attempt: 1 }]);
    expect([received.length, events.length]).toEqual([2, 1]);
  });
});
