import { SocketModeClient } from '@slack/socket-mode';
import { ErrorCode, LogLevel, WebClient } from '@slack/web-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RateLimits } from './fake/rate-limits.ts';
import { FakeSlack } from './fake-slack.ts';

let fake: FakeSlack;
let ana: string;
let general: string;
let client: WebClient;
const sockets: SocketModeClient[] = [];

beforeEach(async () => {
  fake = await FakeSlack.start();
  ana = fake.addPerson('ana');
  general = fake.addChannel('general', [ana]);
  client = new WebClient(fake.bot.botToken, {
    slackApiUrl: fake.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logLevel: LogLevel.ERROR,
  });
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) await socket.disconnect();
  await fake.stop();
});

interface Heard {
  ack: (response?: object) => Promise<void>;
  type: string;
  body: { event_id: string; event: { type: string; text: string; ts: string } };
  retry_num: number;
  retry_reason: string;
}

async function listen(onEvent: (event: Heard) => void = () => {}): Promise<Heard[]> {
  const socket = new SocketModeClient({
    appToken: fake.appToken,
    clientOptions: { slackApiUrl: fake.apiUrl },
    clientPingTimeout: 100,
  });
  sockets.push(socket);
  const heard: Heard[] = [];
  socket.on('slack_event', (event: Heard) => {
    heard.push(event);
    onEvent(event);
  });
  await socket.start();
  return heard;
}

const acknowledge = ({ ack }: Heard) => void ack();

describe('the Web API of the fake', () => {
  it('says who the bot is, and its scopes', async () => {
    const { user_id, team_id, response_metadata } = await client.auth.test();
    expect({ user_id, team_id }).toEqual({ user_id: fake.bot.botUserId, team_id: fake.team.id });
    expect(response_metadata?.scopes).toContain('chat:write');
  });

  it('posts, changes and deletes a message, and tells of it', async () => {
    const heard = await listen(acknowledge);
    const { ts = '' } = await client.chat.postMessage({ channel: general, text: 'One' });
    await client.chat.update({ channel: general, ts, text: 'Two' });
    expect(fake.messages(general).map(({ text }) => text)).toEqual(['Two']);
    await client.chat.delete({ channel: general, ts });
    expect(fake.messages(general)).toEqual([]);
    await fake.outbox.untilSettled();
    expect(heard.map(({ body }) => body.event)).toMatchObject([
      { type: 'message', text: 'One', bot_id: fake.bot.botId },
      { subtype: 'message_changed', message: { text: 'Two' } },
      { subtype: 'message_deleted', deleted_ts: ts },
    ]);
  });

  it.each([
    ['token_revoked', () => (fake.bot.state = 'token_revoked')],
    ['account_inactive', () => fake.uninstall()],
    ['missing_scope', () => fake.bot.scopes.delete('chat:write')],
    ['is_archived', () => (fake.world.channel(general).isArchived = true)],
    ['not_in_channel', () => fake.people.leave(general, fake.bot.botUserId)],
    ['channel_not_found', () => (general = 'C404')],
  ])('refuses with %s', async (code, spoil) => {
    spoil();
    await expect(client.chat.postMessage({ channel: general, text: 'Hi' })).rejects.toThrow(code);
    expect(fake.brokenLimits).toEqual([]);
  });

  it('refuses other tokens, and names the scope that is missing', async () => {
    const stranger = new WebClient('xoxb-other', { slackApiUrl: fake.apiUrl });
    await expect(stranger.auth.test()).rejects.toThrow('invalid_auth');
    fake.bot.scopes.delete('users:read');
    await expect(client.users.info({ user: ana })).rejects.toMatchObject({
      data: { error: 'missing_scope', needed: 'users:read' },
    });
  });

  it.each([
    ['msg_too_long', 'chat.update', { text: 'a'.repeat(4001) }],
    ['msg_too_long', 'chat.postMessage', { text: 'a'.repeat(40_001) }],
    ['msg_too_long', 'chat.postMessage', { markdown_text: 'a'.repeat(12_001) }],
    ['invalid_blocks', 'chat.postMessage', { blocks: sections(51, 'a') }],
    ['invalid_blocks', 'chat.postMessage', { blocks: sections(1, 'a'.repeat(3001)) }],
    ['msg_blocks_too_long', 'chat.postMessage', { blocks: sections(5, 'a'.repeat(2700)) }],
    ['invalid_blocks', 'chat.postMessage', { blocks: [buttons(26)] }],
    ['invalid_blocks', 'chat.postMessage', { blocks: [buttons(1, { value: 'a'.repeat(2001) })] }],
    ['invalid_metadata_format', 'chat.postMessage', { text: 'a', metadata: { key: 1 } }],
    ['no_text', 'chat.postMessage', {}],
    ['invalid_arguments', 'views.publish', { view: { type: 'home', blocks: sections(101, 'a') } }],
    ['unknown_method', 'chat.shout', { text: 'a' }],
  ])(
    'refuses with %s what is beyond the limits of Slack, and keeps it in mind',
    async (code, method, args) => {
      const { ts } = await client.chat.postMessage({ channel: general, text: 'One' });
      const call = client.apiCall(method, { channel: general, ts, user_id: ana, ...args });
      await expect(call).rejects.toThrow(code);
      expect(fake.brokenLimits).toEqual([expect.stringContaining(`${method}: ${code}`)]);
      await expect(fake.stop()).rejects.toThrow(code);
      fake = await FakeSlack.start();
    },
  );

  it('takes what is just within them', async () => {
    const blocks = [...sections(46, 'a'.repeat(280)), buttons(25, { value: 'a'.repeat(2000) })];
    await client.apiCall('chat.postMessage', { channel: general, text: 'a', blocks });
    const { ts } = await client.chat.postMessage({ channel: general, text: 'One' });
    await client.apiCall('chat.update', { channel: general, ts, text: 'a'.repeat(4000) });
  });

  it('answers 429 with Retry-After to more than its rates', async () => {
    fake.api.rates = new RateLimits();
    for (let n = 0; n < 3; n++) await client.chat.postMessage({ channel: general, text: `${n}` });
    await expect(client.chat.postMessage({ channel: general, text: '3' })).rejects.toMatchObject({
      code: ErrorCode.RateLimitedError,
      retryAfter: 1,
    });
    const other = fake.addChannel('other', [ana]);
    await client.chat.postMessage({ channel: other, text: 'Another channel' });
    expect(fake.api.rates.refused.get('chat.postMessage')).toBe(1);
  });

  it('gives apps outside the Marketplace one thread a minute', async () => {
    fake.api.rates = new RateLimits();
    fake.api.rates.likeOutsideMarketplace();
    const { ts } = fake.people.post({ channel: general, user: ana, text: 'Root' });
    fake.people.post({ channel: general, user: ana, text: 'Reply', threadTs: ts });
    const { messages = [] } = await client.conversations.replies({ channel: general, ts });
    expect(messages.map(({ text }) => text)).toEqual(['Root', 'Reply']);
    await expect(client.conversations.replies({ channel: general, ts })).rejects.toMatchObject({
      retryAfter: 60,
    });
  });

  it('tells of threads and channels what is newer than asked', async () => {
    const root = fake.people.post({ channel: general, user: ana, text: 'Root' });
    const threadTs = root.ts;
    const seen = fake.people.post({ channel: general, user: ana, text: 'Seen', threadTs });
    fake.people.post({ channel: general, user: ana, text: 'New', threadTs });
    const newer = { channel: general, oldest: seen.ts };
    const { messages: thread = [] } = await client.conversations.replies({
      ...newer,
      ts: threadTs,
    });
    expect(thread.map(({ text }) => text)).toEqual(['Root', 'New']);
    const { messages: channel = [] } = await client.conversations.history(newer);
    expect(channel).toEqual([]);
  });

  it('tells metadata only who asks for it', async () => {
    const metadata = { event_type: 'a_post', event_payload: { key: '1' } };
    const { ts = '' } = await client.chat.postMessage({ channel: general, text: 'One', metadata });
    const { messages: bare } = await client.conversations.replies({ channel: general, ts });
    expect(bare?.[0]).not.toHaveProperty('metadata');
    const { messages } = await client.conversations.history({
      channel: general,
      include_all_metadata: true,
    });
    expect(messages?.[0]).toMatchObject({ metadata });
  });
});

describe('streams of the fake', () => {
  const stream = (threadTs: string, more = {}) =>
    client.chat.startStream({ channel: general, thread_ts: threadTs, ...more });
  const recipient = () => ({ recipient_user_id: ana, recipient_team_id: fake.team.id });

  it('grow until they are stopped', async () => {
    const { ts: root } = fake.people.post({ channel: general, user: ana, text: 'Question' });
    await expect(stream(root)).rejects.toThrow('missing_recipient_user_id');
    await expect(stream(root, { recipient_user_id: ana })).rejects.toThrow(
      'missing_recipient_team_id',
    );
    const { ts = '' } = await stream(root, { ...recipient(), markdown_text: 'An ' });
    await client.chat.appendStream({ channel: general, ts, markdown_text: 'answer' });
    await expect(client.chat.update({ channel: general, ts, text: 'x' })).rejects.toThrow(
      'streaming_state_conflict',
    );
    await client.chat.stopStream({ channel: general, ts, markdown_text: '.' });
    expect(fake.messages(general, root).map(({ text }) => text)).toEqual([
      'Question',
      'An answer.',
    ]);
    await expect(
      client.chat.appendStream({ channel: general, ts, markdown_text: 'more' }),
    ).rejects.toThrow('message_not_in_streaming_state');
  });

  it('take only the kind that they began with', async () => {
    const { ts: root } = fake.people.post({ channel: general, user: ana, text: 'Question' });
    const { ts = '' } = await stream(root, { ...recipient(), markdown_text: 'An ' });
    const chunks = [{ type: 'markdown_text' as const, text: 'answer' }];
    await expect(client.chat.appendStream({ channel: general, ts, chunks })).rejects.toThrow(
      'streaming_mode_mismatch',
    );
    expect(fake.brokenLimits.splice(0)).toHaveLength(1);
  });

  it('end by themselves when they are idle', async () => {
    fake.streams.idleMs = -1;
    const { ts: root } = fake.people.post({ channel: general, user: ana, text: 'Question' });
    const { ts = '' } = await stream(root, { ...recipient(), markdown_text: 'An ' });
    await expect(client.chat.stopStream({ channel: general, ts })).rejects.toThrow(
      'message_not_in_streaming_state',
    );
    await client.chat.update({ channel: general, ts, text: 'Another way' });
    expect(fake.messages(general).at(-1)?.text).toBe('Another way');
  });
});

describe('Socket Mode of the fake', () => {
  it('tells of messages until they are acknowledged, with number and reason', async () => {
    fake.outbox.ackTimeoutMs = 30;
    const heard = await listen((event) => event.retry_num === 1 && void event.ack());
    const { ts } = fake.people.post({ channel: general, user: ana, text: 'Hello' });
    await fake.outbox.untilSettled();
    expect(heard.map((each) => [each.body.event.ts, each.retry_num, each.retry_reason])).toEqual([
      [ts, 0, ''],
      [ts, 1, 'timeout'],
    ]);
    expect(heard[1]?.body.event_id).toBe(heard[0]?.body.event_id);
    expect(fake.outbox.deliveries[0]?.acks).toMatchObject([{ attempt: 1 }]);
  });

  it('gives up an event after its retries', async () => {
    Object.assign(fake.outbox, { ackTimeoutMs: 10, retries: 1 });
    const heard = await listen();
    fake.people.post({ channel: general, user: ana, text: 'Hello' });
    expect(await fake.outbox.deliveries[0]?.settled).toBeUndefined();
    expect(heard).toHaveLength(2);
  });

  it('keeps events for the next connection, and may send again what was acknowledged', async () => {
    fake.outbox.redeliveredShare = 0.5;
    for (const text of ['1', '2', '3', '4'])
      fake.people.post({ channel: general, user: ana, text });
    const heard = await listen(acknowledge);
    await expect.poll(() => heard.length).toBe(6);
    expect(heard.filter(({ retry_num }) => retry_num > 0)).toHaveLength(2);
  });

  it('shares events among connections', async () => {
    const [one, two] = [await listen(acknowledge), await listen(acknowledge)];
    for (let n = 0; n < 4; n++) fake.people.post({ channel: general, user: ana, text: `${n}` });
    await fake.outbox.untilSettled();
    expect([one.length, two.length]).toEqual([2, 2]);
  });

  it.each([
    ['says that connections end', () => fake.socket.announceEnd('refresh_requested')],
    ['drops them', () => fake.socket.drop()],
  ])('%s, and clients come again', async (_, end) => {
    const heard = await listen(acknowledge);
    end();
    await expect.poll(() => [fake.socket.greeted, fake.socket.connections]).toEqual([2, 1]);
    fake.people.post({ channel: general, user: ana, text: 'Still there?' });
    await fake.outbox.untilSettled();
    expect(heard.map(({ body }) => body.event.text)).toEqual(['Still there?']);
  });

  it('takes no other token for it', async () => {
    const wrong = new WebClient('', { slackApiUrl: fake.apiUrl });
    await expect(wrong.apiCall('apps.connections.open', { token: 'xapp-0' })).rejects.toThrow(
      'invalid_auth',
    );
  });
});

function sections(count: number, text: string) {
  return Array.from({ length: count }, () => ({ type: 'section', text: { type: 'mrkdwn', text } }));
}

function buttons(count: number, more = {}) {
  const button = { type: 'button', text: { type: 'plain_text', text: 'Stop' }, ...more };
  return { type: 'actions', elements: Array.from({ length: count }, () => button) };
}
