import { App, HTTPReceiver, type Logger, LogLevel } from '@slack/bolt';
import { WebClient } from '@slack/web-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeSlack } from './fake-slack.ts';

let fake: FakeSlack;

beforeEach(async () => {
  fake = await FakeSlack.start();
});

afterEach(async () => {
  await fake.stop();
});

describe('events over HTTP of the fake', () => {
  let ana: string;
  let general: string;
  let receiver: HTTPReceiver;
  let texts: string[];
  let failures: number;

  beforeEach(async () => {
    ana = fake.addPerson('ana');
    general = fake.addChannel('general', [ana]);
    [texts, failures] = [[], 0];
    receiver = new HTTPReceiver({
      signingSecret: fake.http.signingSecret,
      processBeforeResponse: true,
      logger: silent,
    });
    const app = new App({
      receiver,
      token: fake.bot.botToken,
      tokenVerificationEnabled: false,
      clientOptions: { slackApiUrl: fake.apiUrl },
      logger: silent,
    });
    app.error(async (error) => {
      throw error;
    });
    app.event('message', async ({ event }) => {
      if (failures-- > 0) throw new Error('not now');
      texts.push('text' in event ? String(event.text) : '');
    });
    app.command('/vistazo', ({ ack }) => ack('Ask me'));
    const server = await receiver.start({ port: 0, host: '127.0.0.1' });
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    fake.sendEventsTo(`http://127.0.0.1:${address.port}/slack/events`);
  });

  afterEach(async () => {
    await receiver.stop();
  });

  it('are signed so that Bolt takes them', async () => {
    expect(await fake.http.verifyUrl()).toBe(true);
    fake.people.post({ channel: general, user: ana, text: 'Hello' });
    await fake.outbox.untilSettled();
    expect(texts).toEqual(['Hello']);
    await fake.interactions.command(ana, general, '/vistazo');
    expect(fake.ephemeral(ana).map(({ text }) => text)).toEqual(['Ask me']);
  });

  it('are sent again where the app fails', async () => {
    failures = 2;
    fake.outbox.retryDelayMs = 1;
    fake.people.post({ channel: general, user: ana, text: 'Hello' });
    expect(await fake.outbox.deliveries[0]?.settled).toMatchObject({ attempt: 2 });
    expect(texts).toEqual(['Hello']);
  });

  it.each([
    ['another secret', { secret: 'another' }],
    ['a body that was changed', { tamper: true }],
    ['a time stamp of long ago', { offsetSec: -600 }],
  ])('are refused by Bolt with %s', async (_, signing) => {
    const event = { type: 'message', channel: general, channel_type: 'channel', text: 'Forged' };
    const { status } = await fake.http.requestEvent({ type: 'event_callback', event }, signing);
    expect(status).toBe(401);
    expect(texts).toEqual([]);
  });
});

describe('installing at the fake', () => {
  it('sends back with a code, which gives a token of that workspace once', async () => {
    const { teamId, person } = fake.addTeam('Another');
    fake.oauth.visitor = { teamId, userId: person };
    const query = new URLSearchParams({
      client_id: fake.oauth.clientId,
      redirect_uri: 'https://bot.example/oauth',
      scope: 'chat:write,files:read',
      state: 'the state',
    });
    const page = await fetch(`${fake.origin}/oauth/v2/authorize?${query}`, { redirect: 'manual' });
    const back = new URL(page.headers.get('location') ?? '').searchParams;
    expect(back.get('state')).toBe('the state');
    const client = new WebClient(undefined, { slackApiUrl: fake.apiUrl });
    const { clientId: client_id, clientSecret: client_secret } = fake.oauth;
    const asked = { client_id, client_secret, code: back.get('code') ?? '' };
    const { access_token, team, scope } = await client.oauth.v2.access(asked);
    expect({ id: team?.id, scope }).toEqual({ id: teamId, scope: 'chat:write,files:read' });
    const test = await new WebClient(access_token, { slackApiUrl: fake.apiUrl }).auth.test();
    expect(test.team_id).toBe(teamId);
    await expect(client.oauth.v2.access(asked)).rejects.toThrow('invalid_code');
  });

  it('tells the app when it is taken out of a workspace, and its token is worth nothing more', async () => {
    fake.uninstall();
    expect(fake.outbox.deliveries.map(({ payload }) => payload.event)).toMatchObject([
      { type: 'tokens_revoked', tokens: { bot: [fake.bot.botUserId] } },
      { type: 'app_uninstalled' },
    ]);
    const client = new WebClient(fake.bot.botToken, { slackApiUrl: fake.apiUrl });
    await expect(client.auth.test()).rejects.toThrow('account_inactive');
  });
});

/** Bolt tells of requests that are not signed rightly, which these tests send. */
const silent: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  getLevel: () => LogLevel.ERROR,
  setName() {},
};
