import { join } from 'node:path';
import { type AdapterHost, type PlatformEvent, VistazoError } from '@vistazo/core';
import { testHost } from '@vistazo/core/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { MortalBot } from '../chaos/mortal-bot.ts';
import { echoOf } from '../chaos/slow-echo.ts';
import {
  askedBefore,
  away,
  failing,
  hoursAgo,
  refusing,
  sendAgain,
  startPlace,
} from './away-fixture.ts';
import { listen, startFake } from './hearing.ts';

describe('what is posted on Slack while the bot is away, and not sent again', () => {
  it('is answered once in direct messages, in order, also when it is sent again later', async () => {
    const setting = await startPlace();
    const { fake, ana, answered, posts } = setting;
    const direct = fake.directMessages(ana);
    const ask = (text: string) => fake.people.post({ channel: direct, user: ana, text });
    ask('Before?');
    await answered(direct, ['Before?']);
    await away(setting, () => {
      ask('Missed?');
      ask('And this?');
    });
    await answered(direct, ['Before?', 'Missed?', 'And this?']);
    await sendAgain(setting);
    await setting.stop();
    const inOrder = ['Before?', 'Missed?', 'And this?'].map(echoOf);
    expect(posts(direct).map(({ text }) => text)).toEqual(inOrder);
  });

  it('is answered in threads where it was asked, and in channels of them where it is mentioned', async () => {
    const setting = await startPlace();
    const { fake, ana, ben, channel, bot, answered } = setting;
    const ts = await askedBefore(setting);
    await away(setting, () => {
      fake.people.post({ channel, user: ben, text: 'In the thread?', threadTs: ts });
      fake.people.post({ channel, user: ben, text: 'Not for the bot' });
      const other = fake.people.post({ channel, user: ben, text: 'Look' });
      fake.people.post({ channel, user: ana, text: `${bot} Below it?`, threadTs: other.ts });
      const asked = fake.people.post({ channel, user: ana, text: `${bot} Mentioned?` });
      fake.people.post({ channel, user: ana, text: 'And below that?', threadTs: asked.ts });
    });
    await answered(channel, [
      'Before?',
      'In the thread?',
      'Mentioned?',
      'And below that?',
      '⟦earlier message by Ben: Look⟧Below it?',
    ]);
  });

  it('is answered in channels that the operator names, but nothing from before they were named', async () => {
    const setting = await startPlace();
    const { fake, ana, channel, answered, start, stop } = setting;
    await askedBefore(setting);
    const fresh = fake.addChannel('fresh', [ana]);
    fake.people.post({ channel, user: ana, text: 'Not for the bot yet' });
    fake.people.post({ channel: fresh, user: ana, text: 'Nor this' });
    await fake.outbox.untilSettled();
    await stop();
    await start({ channels: [channel, fresh] });
    await stop();
    fake.people.post({ channel, user: ana, text: 'Now?' });
    fake.people.post({ channel: fresh, user: ana, text: 'Here too?' });
    fake.outbox.giveUp();
    await start({ channels: [channel, fresh] });
    await answered(channel, ['Before?', 'Now?']);
    await answered(fresh, ['Here too?']);
  });

  it('is left alone where the operator wants none of it', async () => {
    const setting = await startPlace({ catchUpMs: 0 });
    const { fake, ana, channel, bot, answered } = setting;
    const ts = await askedBefore(setting);
    await away(setting, () => {
      fake.people.post({ channel, user: ana, text: 'Missed?', threadTs: ts });
    });
    fake.people.post({ channel, user: ana, text: `${bot} Live?` });
    await answered(channel, ['Before?', 'Live?']);
    expect(fake.api.callsOf('conversations.history')).toEqual([]);
  });

  it('is left alone where it is older than what the operator wants', async () => {
    const setting = await startPlace({ catchUpMs: 60_000 });
    const { fake, ana, answered } = setting;
    const direct = fake.directMessages(ana);
    const ask = (text: string, ts: string) =>
      fake.people.post({ channel: direct, user: ana, text, fields: { ts } });
    ask('Before?', hoursAgo(5));
    await answered(direct, ['Before?']);
    await away(setting, () => {
      ask('Old?', hoursAgo(4));
      ask('New?', hoursAgo(0));
    });
    await answered(direct, ['Before?', 'New?']);
  });

  it.each([
    ['asks to wait', refusing('conversations.history', 2)],
    ['fails', failing('conversations.history', 2)],
  ])(
    'is answered though Slack %s, for which the start does not wait',
    async (_, interceptor) => {
      const setting = await startPlace();
      const { fake, ana, channel, bot, answered } = setting;
      await askedBefore(setting);
      fake.api.intercept(interceptor);
      await away(setting, () => {
        fake.people.post({ channel, user: ana, text: `${bot} Missed?` });
      });
      fake.people.post({ channel, user: ana, text: `${bot} Live?` });
      await answered(channel, ['Before?', 'Missed?', 'Live?']);
    },
    60_000,
  );

  it('is answered once though the bot is killed while it looks, and answered something newer', async () => {
    const { fake, ana, path, stop, posts, answered } = await startPlace();
    await stop();
    const bot = new MortalBot(join(import.meta.dirname, 'kill-worker.ts'));
    onTestFinished(() => bot.kill());
    const { botToken } = fake.bot;
    const start = () => bot.start([fake.apiUrl, botToken, fake.appToken, path, 'edits']);
    const direct = fake.directMessages(ana);
    const ask = (text: string, hours: number) =>
      fake.people.post({ channel: direct, user: ana, text, fields: { ts: hoursAgo(hours) } });
    await start();
    ask('Before?', 5);
    await answered(direct, ['Before?']);
    await bot.kill();
    ask('Missed?', 4);
    fake.outbox.giveUp();
    const allow = fake.api.intercept(({ method, args }) =>
      method === 'conversations.history' && args.include_all_metadata === undefined
        ? new Promise(() => {})
        : undefined,
    );
    await start();
    ask('Live?', 0);
    await answered(direct, ['Before?', 'Live?']);
    await bot.kill();
    allow();
    await start();
    await answered(direct, ['Before?', 'Live?', 'Missed?']);
    await bot.kill();
    await start();
    ask('After?', 0);
    await answered(direct, ['Before?', 'Live?', 'Missed?', 'After?']);
    expect(posts(direct)).toHaveLength(4);
  }, 90_000);
});

describe('what becomes of questions on Slack while the bot is away', () => {
  it('is followed: changed ones are answered anew, answers to deleted ones taken away', async () => {
    const setting = await startPlace();
    const { fake, ana, ben, channel, bot, answered } = setting;
    const direct = fake.directMessages(ana);
    const ask = (at: string, text: string) => fake.people.post({ channel: at, user: ana, text });
    const [changed, deleted] = ['Change me?', 'Delete me?'].map((text) => ask(direct, text));
    const roots = ['One?', 'Two?', 'Three?'].map((text) => ask(channel, `${bot} ${text}`));
    await answered(direct, ['Change me?', 'Delete me?']);
    await answered(channel, ['One?', 'Two?', 'Three?']);
    await away(setting, () => {
      fake.people.edit(direct, changed?.ts ?? '', 'Changed?');
      fake.people.delete(direct, deleted?.ts ?? '');
      fake.people.edit(channel, roots[0]?.ts ?? '', `${bot} First?`);
      fake.people.delete(channel, roots[1]?.ts ?? '');
      fake.people.post({ channel, user: ben, text: `${bot} Four?` });
    });
    await answered(direct, ['Changed?']);
    await answered(channel, ['First?', 'Three?', 'Four?']);
  });
});

/** What a store keeps, in memory. */
function storeOf(events: readonly PlatformEvent[]): Partial<AdapterHost> {
  const messages = () => events.filter(({ type }) => type === 'message');
  return {
    recentMessages: async () => messages().toReversed(),
    knownIn: async ({ conversationKey }) =>
      messages().flatMap((each) =>
        each.conversationKey === conversationKey ? each.messageId : [],
      ),
  };
}

describe('looking on Slack for what was missed', () => {
  it('happens too when there was no connection for long', async () => {
    const events: PlatformEvent[] = [];
    const place = await startFake();
    const { fake, ana } = place;
    const setting = await listen({
      on: place,
      receive: async (event) => void events.push(event),
      host: storeOf(events),
    });
    const direct = fake.directMessages(ana);
    const before = fake.people.post({ channel: direct, user: ana, text: 'Before?' });
    await setting.event('message', before.ts);
    const allow = fake.api.intercept(failing('apps.connections.open', Number.POSITIVE_INFINITY));
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    fake.socket.drop();
    await vi.waitFor(() => expect(setting.adapter.isReady?.()).toBe(false), 10_000);
    const missed = fake.people.post({ channel: direct, user: ana, text: 'Missed?' });
    fake.outbox.giveUp();
    vi.setSystemTime(Date.now() + 120_000);
    allow();
    expect(await setting.event('message', missed.ts)).toMatchObject({ text: 'Missed?' });
  });

  it('keeps nothing in the store when it has looked everywhere', async () => {
    const place = await startFake();
    const { fake, ana } = place;
    const { ts } = fake.people.post({ channel: fake.directMessages(ana), user: ana, text: 'A' });
    const { storage } = testHost();
    const known = { tenant: fake.team.id, conversationKey: fake.directMessages(ana) };
    const recentMessages = async () => [{ ...known, messageId: ts }];
    await listen({ on: place, host: { storage, recentMessages } });
    await vi.waitFor(() => expect(fake.api.callsOf('conversations.history')).toHaveLength(1));
    await vi.waitFor(async () => expect(await storage(fake.team.id).keys()).toEqual([]), 10_000);
  });

  it('goes on behind what can not be stored and what Slack does not tell', async () => {
    const place = await startFake();
    const { fake, ana, ben } = place;
    const tenant = fake.team.id;
    const [silent, direct] = [ana, ben].map((person) => fake.directMessages(person));
    const texts = ['Known', 'Odd', 'Missed'];
    const [known, , missed] = texts.map((text) =>
      fake.people.post({ channel: direct ?? '', user: ben, text }),
    );
    fake.outbox.giveUp();
    fake.api.intercept(({ method, args }) =>
      method === 'conversations.history' && args.channel === silent
        ? { status: 503, body: '' }
        : undefined,
    );
    const messageId = known?.ts ?? '';
    const setting = await listen({
      on: place,
      receive: async (event) => {
        if (event.type === 'message' && event.text === 'Odd')
          throw new VistazoError('option.invalid', 'It is no event.');
      },
      host: {
        recentMessages: async () =>
          [silent, direct].map((at = '') => ({ tenant, conversationKey: at, messageId })),
        knownIn: async () => [messageId],
      },
    });
    expect(await setting.event('message', missed?.ts ?? '')).toMatchObject({ text: 'Missed' });
  });

  it('says so where more was posted than it looks at', async () => {
    const place = await startFake();
    const { fake, ana, channel } = place;
    const messages = Array.from({ length: 1001 }, (_, each) =>
      fake.people.post({ channel, user: ana, text: `Not for the bot ${each}` }),
    );
    fake.outbox.giveUp();
    const conversationKey = `${channel}:${messages[0]?.ts}`;
    const known = { tenant: fake.team.id, conversationKey, messageId: messages[0]?.ts ?? '' };
    const { notices } = await listen({ on: place, host: { recentMessages: async () => [known] } });
    await vi.waitFor(() => expect(notices).toEqual([expect.stringContaining('1,000')]), 20_000);
  });

  it('says so where there are more conversations than it looks in', async () => {
    const place = await startFake();
    const tenant = place.fake.team.id;
    const conversation = { tenant, conversationKey: 'C0GONE00000:command-1' };
    const messageId = `command:${Date.now()}.1`;
    const { notices } = await listen({
      on: place,
      host: {
        recentMessages: async (_, max = 500) =>
          Array.from({ length: max }, () => ({ ...conversation, messageId })),
      },
    });
    expect(notices).toEqual([expect.stringContaining('500 conversations')]);
  });
});
