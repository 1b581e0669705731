import { join } from 'node:path';
import { createBot, openSqliteStore } from '@vistazo/core';
import { createSlackAdapter, type SlackAdapterOptions } from '@vistazo/slack';
import { expect, onTestFinished, vi } from 'vitest';
import { echoOf, SlowEcho } from '../chaos/slow-echo.ts';
import { temporaryFolder } from '../core/bot/bot-fixture.ts';
import type { Interceptor } from './fake/web-api.ts';
import { fakeFiles, startFake } from './hearing.ts';

type Place = Awaited<ReturnType<typeof startFake>>;

/** A fake, and a bot on it that can be stopped and started again with what it stored. */
export async function startPlace(options: Partial<SlackAdapterOptions> = {}) {
  const place = await startFake();
  const { fake, channel } = place;
  const { botToken, botUserId } = fake.bot;
  const path = join(await temporaryFolder(), 'bot.sqlite');
  const notices: string[] = [];
  let stopRunning = async () => {};
  /** Resolves when it is on Slack. */
  const start = async (more: Partial<SlackAdapterOptions> = {}) => {
    const store = await openSqliteStore({ path });
    const bot = createBot({
      model: new SlowEcho(),
      store,
      adapters: [
        createSlackAdapter({
          botToken,
          appToken: fake.appToken,
          slackApiUrl: fake.apiUrl,
          files: fakeFiles(fake),
          notify: (notice) => notices.push(notice),
          streaming: 'edits',
          ...options,
          ...more,
        }),
      ],
      log: { level: 'silent' },
      limits: { pollMs: 20, perPerson: null, perTenant: null },
    });
    await bot.start();
    stopRunning = async () => {
      stopRunning = async () => {};
      await vi.waitFor(async () => expect(await store.jobs.countOpen()).toBe(0), 20_000);
      await bot.stop();
      await store.close();
    };
  };
  const stop = () => stopRunning();
  onTestFinished(stop);
  const posts = (at: string) => fake.messages(at).filter(({ user }) => user === botUserId);
  /** Once it answered some texts in a channel, each of them once and nothing else. */
  const answered = (at: string, texts: readonly string[]) =>
    vi.waitFor(
      () => {
        const said = posts(at).map(({ text }) => text);
        expect(said.toSorted()).toEqual(texts.map(echoOf).toSorted());
      },
      { timeout: 20_000, interval: 50 },
    );
  await start();
  return { ...place, path, notices, start, stop, posts, answered, bot: `<@${botUserId}>`, channel };
}

type Setting = Awaited<ReturnType<typeof startPlace>>;

/** Stops the bot for a while, and nothing of what happens meanwhile is sent again. */
export async function away({ fake, start, stop }: Setting, meanwhile: () => void): Promise<void> {
  await stop();
  meanwhile();
  fake.outbox.giveUp();
  await start();
}

/** The `ts` of a message that was posted so long ago. */
export function hoursAgo(hours: number): string {
  return ((Date.now() - hours * 3_600_000) / 1000).toFixed(6);
}

/** A question in the channel that is answered; gives its `ts`. */
export async function askedBefore({ fake, ana, channel, bot, answered }: Setting): Promise<string> {
  const { ts } = fake.people.post({ channel, user: ana, text: `${bot} Before?` });
  await answered(channel, ['Before?']);
  return ts;
}

/** Sends everything again that the bot was to be told and was not; resolves when it acknowledged all of that. */
export async function sendAgain({ fake }: Place): Promise<void> {
  const untold = fake.outbox.deliveries.filter(({ acks }) => acks.length === 0);
  expect(untold).not.toEqual([]);
  for (const delivery of untold) fake.outbox.again(delivery);
  await vi.waitFor(() => expect(untold.every(({ acks }) => acks.length > 0)).toBe(true), 10_000);
}

/** Refuses calls for a second each, as often as it says. */
export function refusing(method: string, times: number): Interceptor {
  let left = times;
  return (call) =>
    call.method === method && left-- > 0
      ? { status: 429, headers: { 'retry-after': '1' }, body: { ok: false, error: 'ratelimited' } }
      : undefined;
}

/** Fails with calls as often as it says. */
export function failing(method: string, times: number): Interceptor {
  let left = times;
  return (call) => (call.method === method && left-- > 0 ? { status: 503, body: '' } : undefined);
}
