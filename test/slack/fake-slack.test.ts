import { SocketModeClient } from '@slack/socket-mode';
import { WebClient } from '@slack/web-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeSlack } from './fake-slack.ts';

let fake: FakeSlack;
let ana: string;
let general: string;
let client: WebClient;

beforeEach(async () => {
  fake = await FakeSlack.start();
  ana = fake.addPerson('ana');
  general = fake.addChannel('general', [ana]);
  client = new WebClient(fake.bot.botToken, {
    slackApiUrl: fake.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
  });
});

afterEach(async () => {
  await fake.stop();
});

async function listen(): Promise<{ socket: SocketModeClient; heard: Heard[] }> {
  const socket = new SocketModeClient({
    appToken: fake.appToken,
    clientOptions: { slackApiUrl: fake.apiUrl },
    clientPingTimeout: 100,
  });
  const heard: Heard[] = [];
  socket.on('slack_event', (event: Heard) => heard.push(event));
  await socket.start();
  return { socket, heard };
}

interface Heard {
  ack: (response?: object) => Promise<void>;
  type: string;
  body: { event_id: string; event: { type: string; text: string; ts: string } };
  retry_num: number;
  retry_reason: string;
}

describe('the Web API of the fake', () => {
  it('says who the bot is, and its scopes', async () => {
    const { user_id, team_id, response_metadata } = await client.auth.test();
    expect({ user_id, team_id }).toEqual({ user_id: fake.bot.botUserId, team_id: fake.team.id });
    expect(response_metadata?.scopes).toContain('chat:write');
  });

  it('posts, changes and deletes a message, and tells of it', async () => {
    const { ts = '' } = await client.chat.postMessage({ channel: general, text: 'One' });
    await client.chat.update({ channel: general, ts, text: 'Two' });
    expect(fake.messages(general).map(({ text }) => text)).toEqual(['Two']);
    await client.chat.delete({ channel: general, ts });
    expect(fake.messages(general)).toEqual([]);
  });

  it('refuses what is too long and keeps it in mind', async () => {
    const { ts = '' } = await client.chat.postMessage({ channel: general, text: 'One' });
    const text = 'a'.repeat(4001);
    await expect(client.chat.update({ channel: general, ts, text })).rejects.toThrow(
      'msg_too_long',
    );
    expect(fake.api.brokenLimits.splice(0)).toEqual([
      'chat.update: msg_too_long: a text of 4001 characters, at most 4000',
    ]);
  });
});

describe('Socket Mode of the fake', () => {
  it('tells of messages until they are acknowledged, with number and reason', async () => {
    fake.outbox.ackTimeoutMs = 30;
    const { socket, heard } = await listen();
    const { ts } = fake.people.post({ channel: general, user: ana, text: 'Hello' });
    await expect.poll(() => heard.length).toBe(2);
    await heard[1]?.ack();
    await fake.outbox.untilSettled();
    expect(heard.map(({ body, retry_num }) => [body.event.ts, retry_num])).toEqual([
      [ts, 0],
      [ts, 1],
    ]);
    expect(heard[1]?.body.event_id).toBe(heard[0]?.body.event_id);
    await socket.disconnect();
  });
});
