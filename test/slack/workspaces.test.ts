import { randomBytes } from 'node:crypto';
import type { Adapter, PlatformEvent } from '@vistazo/core';
import { testHost } from '@vistazo/core/testing';
import { createSlackAdapter, type SlackAdapterOptions } from '@vistazo/slack';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { freePort } from '../free-port.ts';
import { FakeSlack } from './fake-slack.ts';

interface Setting {
  fake: FakeSlack;
  adapter: Adapter;
  events: PlatformEvent[];
  forgotten: string[];
  origin: string;
}

/** A started adapter that listens on a port. */
async function start(
  optionsFor: (fake: FakeSlack, origin: string) => SlackAdapterOptions,
): Promise<Setting> {
  const fake = await FakeSlack.start();
  onTestFinished(() => fake.stop());
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const adapter = createSlackAdapter({
    slackApiUrl: fake.apiUrl,
    http: { port },
    notify: () => {},
    ...optionsFor(fake, origin),
  });
  const events: PlatformEvent[] = [];
  const forgotten: string[] = [];
  await adapter.start(
    testHost({
      receive: async (event) => {
        const isKnown = events.some(({ eventId }) => eventId === event.eventId);
        if (!isKnown) events.push(event);
        return isKnown ? 'known' : 'accepted';
      },
      forget: async (tenant) => void forgotten.push(tenant),
    }),
  );
  onTestFinished(async () => {
    await adapter.stop();
    await adapter.close?.();
  });
  return { fake, adapter, events, forgotten, origin };
}

const overHttp = (fake: FakeSlack): SlackAdapterOptions => ({
  botToken: fake.bot.botToken,
  signingSecret: fake.http.signingSecret,
});
const forMany = (fake: FakeSlack, origin: string): SlackAdapterOptions => ({
  appToken: fake.appToken,
  installation: {
    clientId: fake.oauth.clientId,
    clientSecret: fake.oauth.clientSecret,
    publicUrl: origin,
    encryptionKey: randomBytes(32).toString('base64'),
  },
});

/** Somebody opens the page to install the app, agrees on Slack, and is sent back; gives the status of the last page. */
async function install({ fake, origin }: Setting, teamId: string, userId: string): Promise<number> {
  const begun = await fetch(`${origin}/slack/install`, { redirect: 'manual' });
  const cookie = (begun.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  fake.oauth.visitor = { teamId, userId };
  const back = fake.oauth.authorize(new URL(begun.headers.get('location') ?? '').searchParams);
  const ended = await fetch(back ?? '', { headers: { cookie } });
  await ended.text();
  return ended.status;
}

const asked = ({ events }: Setting, text: string) =>
  vi.waitFor(() => {
    const found = events.find((event) => event.type === 'message' && event.text === text);
    if (found === undefined) throw new Error(`Nobody asked ${text}`);
    return found;
  }, 10_000);

const answer = ({ adapter }: Setting, { tenant, conversationKey, messageId }: PlatformEvent) =>
  adapter.post(
    { tenant, conversationKey, messageId, text: 'Red.', idempotencyKey: 'k'.repeat(24) },
    { signal: AbortSignal.timeout(60_000), completes: 'answer' },
  );

describe('the Slack adapter over HTTP', () => {
  it('hears what Slack sends with its signature, once however often, and answers in the thread', async () => {
    const setting = await start(overHttp);
    const { fake, events, origin } = setting;
    fake.sendEventsTo(`${origin}/slack/events`);
    fake.outbox.redeliveredShare = 1;
    const ana = fake.addPerson('Ana');
    const channel = fake.addChannel('general', [ana]);
    fake.people.post({ channel, user: ana, text: `<@${fake.bot.botUserId}> Which colour?` });
    const question = await asked(setting, 'Which colour?');
    await fake.outbox.untilSettled();
    expect(events).toHaveLength(1);
    await answer(setting, question);
    const [, reply] = fake.messages(channel, question.messageId);
    expect(reply).toMatchObject({ text: 'Red.' });
  });

  it('hears nothing of what somebody else signed', async () => {
    const setting = await start((fake) => ({ ...overHttp(fake), signingSecret: 'another secret' }));
    const { fake, events, origin } = setting;
    fake.sendEventsTo(`${origin}/slack/events`);
    fake.outbox.retries = 0;
    const ana = fake.addPerson('Ana');
    fake.people.post({ channel: fake.directMessages(ana), user: ana, text: 'Which colour?' });
    await fake.outbox.untilSettled();
    expect(events).toEqual([]);
  });
});

describe('a bot that several workspaces install', () => {
  it('answers in each with its own token', async () => {
    const setting = await start(forMany);
    const { fake } = setting;
    const other = fake.addTeam('Other');
    expect(await install(setting, other.teamId, other.person)).toBe(200);
    const channel = fake.world.directMessages(other.teamId, other.person).id;
    fake.people.post({ channel, user: other.person, text: 'Which colour?' });
    const question = await asked(setting, 'Which colour?');
    expect(question.tenant).toBe(other.teamId);
    await answer(setting, question);
    expect(fake.messages(channel).at(-1)).toMatchObject({ text: 'Red.' });
  });

  it('is forgotten with all that is of a workspace that takes it out, and can be installed again', async () => {
    const setting = await start(forMany);
    const { fake, forgotten } = setting;
    const other = fake.addTeam('Other');
    await install(setting, other.teamId, other.person);
    fake.uninstall(other.teamId);
    await vi.waitFor(() => expect(new Set(forgotten)).toEqual(new Set([other.teamId])), 10_000);
    expect(await install(setting, other.teamId, other.person)).toBe(200);
    const channel = fake.world.directMessages(other.teamId, other.person).id;
    fake.people.post({ channel, user: other.person, text: 'Again?' });
    expect((await asked(setting, 'Again?')).tenant).toBe(other.teamId);
  });
});

describe('a start that fails', () => {
  it('leaves nothing listening, so that the next one goes well, and one after a stop', async () => {
    const fake = await FakeSlack.start();
    onTestFinished(() => fake.stop());
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    const options = { slackApiUrl: fake.apiUrl, http: { port }, notify: () => {} };
    const given = { ...options, ...forMany(fake, origin) };
    const failing = createSlackAdapter({ ...given, appToken: 'xapp-wrong' });
    await expect(failing.start(testHost())).rejects.toMatchObject({ code: 'option.invalid' });
    await expect(fetch(`${origin}/slack/install`, { redirect: 'manual' })).rejects.toThrow();
    const adapter = createSlackAdapter(given);
    for (const _ of ['first', 'second']) {
      await adapter.start(testHost());
      expect(adapter.isReady?.()).toBe(true);
      await adapter.stop();
      await adapter.close?.();
      await expect(fetch(`${origin}/slack/install`, { redirect: 'manual' })).rejects.toThrow();
    }
  });
});
