import { once } from 'node:events';
import { LogLevel, WebClient } from '@slack/web-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { FakeSlack } from './fake-slack.ts';

let fake: FakeSlack;
let ana: string;
let general: string;
let client: WebClient;
let app: WebSocket;
/** Payloads that the app was sent, events as the events themselves. */
let heard: Record<string, unknown>[];
/** What the app answers to what people do. */
let answer: object;

const envelope = z.object({
  type: z.string(),
  envelope_id: z.string(),
  payload: z.looseObject({ event: z.looseObject({}).optional() }),
});

beforeEach(async () => {
  fake = await FakeSlack.start();
  ana = fake.addPerson('ana');
  general = fake.addChannel('general', [ana]);
  client = new WebClient(fake.bot.botToken, {
    slackApiUrl: fake.apiUrl,
    logLevel: LogLevel.ERROR,
  });
  [heard, answer] = [[], {}];
  app = new WebSocket(fake.socket.issueUrl(fake.origin));
  app.on('message', (raw) => {
    const { data } = envelope.safeParse(JSON.parse(String(raw)));
    if (data === undefined) return;
    heard.push(data.payload.event ?? data.payload);
    app.send(JSON.stringify({ envelope_id: data.envelope_id, payload: answer }));
  });
  await once(app, 'open');
  await expect.poll(() => fake.socket.connections).toBe(1);
});

afterEach(async () => {
  app.close();
  await fake.stop();
});

async function told(): Promise<Record<string, unknown>[]> {
  await fake.outbox.untilSettled();
  return heard.splice(0);
}

const picture = { name: 'shot.png', bytes: Buffer.from('a picture'), altText: 'A dialog' };
const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });
const button = { type: 'button', text: { type: 'plain_text', text: 'Stop' }, value: 'q1' };

describe('people of the fake', () => {
  it('post, mention and share files, and the app hears of each', async () => {
    const text = `<@${fake.bot.botUserId}> what is this?`;
    const { ts } = fake.people.post({ channel: general, user: ana, text, files: [picture] });
    const at = { channel: general, ts };
    expect(await told()).toMatchObject([
      { ...at, type: 'message', subtype: 'file_share', channel_type: 'channel' },
      { ...at, type: 'app_mention', text, files: [{ name: 'shot.png', alt_txt: 'A dialog' }] },
      { type: 'file_shared', channel_id: general, user_id: ana },
    ]);
  });

  it('write to the bot alone, edit, delete, react', async () => {
    const channel = fake.directMessages(ana);
    const { ts } = fake.people.post({ channel, user: ana, text: 'Hello' });
    fake.people.edit(channel, ts, 'Hello!');
    fake.people.react(channel, ts, ana, 'eyes');
    fake.people.delete(channel, ts);
    expect(await told()).toMatchObject([
      { type: 'message', channel_type: 'im', text: 'Hello' },
      { subtype: 'message_changed', message: { text: 'Hello!' } },
      { type: 'reaction_added', reaction: 'eyes' },
      { subtype: 'message_deleted', deleted_ts: ts },
    ]);
  });

  it('share messages of others with their files, and links that Slack shows', async () => {
    const { ts } = fake.people.post({
      channel: general,
      user: ana,
      text: 'Look',
      files: [picture],
    });
    const from = { channel: general, ts };
    const shared = fake.people.share(from, { channel: general, user: ana, text: 'See' });
    expect(shared.attachments).toMatchObject([
      { is_share: true, is_msg_unfurl: true, text: 'Look', files: [{ name: 'shot.png' }] },
    ]);
    fake.people.unfurl(general, shared.ts, [{ image_url: 'https://example.com/a.png' }]);
    expect((await told()).at(-1)).toMatchObject({
      subtype: 'message_changed',
      message: { attachments: [{ image_url: 'https://example.com/a.png' }] },
    });
  });

  it('are not heard where the bot is not, nor without the scope', async () => {
    const elsewhere = fake.addChannel('elsewhere', [ana], { withBot: false });
    fake.people.post({ channel: elsewhere, user: ana, text: 'Among us' });
    fake.bot.scopes.delete('channels:history');
    fake.people.post({ channel: general, user: ana, text: 'Unheard' });
    expect(await told()).toEqual([]);
  });

  it('press buttons, for which the app may answer later', async () => {
    const blocks = [
      section('Working'),
      { type: 'actions', elements: [{ ...button, action_id: 'stop' }] },
    ];
    await client.apiCall('chat.postMessage', { channel: general, text: 'a', blocks });
    const ts = String(fake.messages(general)[0]?.ts);
    const ack = await fake.interactions.press({
      channel: general,
      ts,
      user: ana,
      actionId: 'stop',
    });
    expect(ack?.tookMs).toBeGreaterThanOrEqual(0);
    const [payload] = (await told()).filter(({ type }) => type === 'block_actions');
    expect(payload).toMatchObject({ actions: [{ action_id: 'stop', value: 'q1' }] });
    const body = JSON.stringify({ text: 'For you alone', response_type: 'ephemeral' });
    await fetch(String(payload?.response_url), { method: 'POST', body });
    expect(fake.ephemeral(ana).map(({ text }) => text)).toEqual(['For you alone']);
  });

  it('fill in modals, of which each needs a trigger of its own', async () => {
    const { ts } = fake.people.post({ channel: general, user: ana, text: 'Look' });
    await fake.interactions.shortcut(ana, 'ask', { channel: general, ts });
    const trigger_id = String((await told()).at(-1)?.trigger_id);
    const view = {
      type: 'modal' as const,
      title: { type: 'plain_text' as const, text: 'Ask' },
      blocks: [
        {
          type: 'input' as const,
          block_id: 'b',
          label: { type: 'plain_text' as const, text: 'Question' },
          element: { type: 'plain_text_input' as const, action_id: 'question' },
        },
      ],
    };
    await client.views.open({ trigger_id, view });
    await expect(client.views.open({ trigger_id, view })).rejects.toThrow('exchanged_trigger_id');
    answer = { response_action: 'errors', errors: { b: 'Too short' } };
    await fake.interactions.submit(ana, { question: 'Why?' });
    expect(fake.openView(ana)).toMatchObject({ title: { text: 'Ask' } });
    answer = {};
    await fake.interactions.submit(ana, { question: 'Why?' });
    expect(fake.openView(ana)).toBeUndefined();
    expect((await told()).at(-1)).toMatchObject({
      type: 'view_submission',
      view: { state: { values: { b: { question: { value: 'Why?' } } } } },
    });
  });

  it('enter commands and open the home', async () => {
    answer = { text: 'Ask me' };
    await fake.interactions.command(ana, general, '/vistazo', 'help');
    expect(fake.ephemeral(ana).map(({ text }) => text)).toEqual(['Ask me']);
    fake.interactions.openHome(ana);
    await client.views.publish({ user_id: ana, view: { type: 'home', blocks: [] } });
    expect(fake.homeOf(ana)).toMatchObject({ type: 'home' });
    expect(await told()).toMatchObject([
      { command: '/vistazo', text: 'help' },
      { type: 'app_home_opened' },
    ]);
  });

  it('talk with the assistant, which shows what it does until it answers', async () => {
    const thread = fake.assistant.start(ana, general);
    expect(await told()).toMatchObject([
      {
        type: 'assistant_thread_started',
        assistant_thread: { thread_ts: thread.threadTs, context: { channel_id: general } },
      },
    ]);
    const [channel_id, thread_ts] = [thread.channel, thread.threadTs];
    await client.assistant.threads.setStatus({ channel_id, thread_ts, status: 'looks at it' });
    expect(fake.statusOf(channel_id, thread_ts).status).toBe('looks at it');
    await client.chat.postMessage({ channel: channel_id, thread_ts, text: 'A dog' });
    expect(fake.statusOf(channel_id, thread_ts).status).toBe('');
  });
});

describe('files of the fake', () => {
  const fetched = async (url: unknown, token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(String(url), { headers, redirect: 'manual' });
    return { status: response.status, text: await response.text() };
  };

  it('are there for who may read them, and a page to sign in for others', async () => {
    const { url_private_download: url } = fake.files.add(fake.team.id, picture);
    expect(await fetched(url, fake.bot.botToken)).toEqual({ status: 200, text: 'a picture' });
    expect(await fetched(url)).toMatchObject({
      status: 200,
      text: expect.stringContaining('<html'),
    });
    fake.bot.scopes.delete('files:read');
    expect((await fetched(url, fake.bot.botToken)).text).toContain('Sign in');
    fake.files.signInBy = 302;
    expect((await fetched(url, fake.bot.botToken)).status).toBe(302);
  });

  it('are told of as what they are: elsewhere, deleted, hidden, of another organisation', async () => {
    const add = (mode: 'external' | 'tombstone' | 'hidden_by_limit' | 'check_file_info') =>
      fake.files.add(fake.team.id, { ...picture, mode });
    const files = [
      add('external'),
      add('tombstone'),
      add('hidden_by_limit'),
      add('check_file_info'),
    ];
    const shared = fake.people.upload({ channel: general, user: ana, files });
    expect(shared.files).toMatchObject([
      { mode: 'external', is_external: true },
      { mode: 'tombstone' },
      { mode: 'hidden_by_limit' },
      { file_access: 'check_file_info' },
    ]);
    const { file } = await client.files.info({ file: String(files[3]?.id) });
    expect(file).toMatchObject({ name: 'shot.png', file_access: 'visible' });
    await expect(client.files.info({ file: String(files[1]?.id) })).rejects.toThrow('file_deleted');
  });

  it('may be canvases', async () => {
    const canvas = fake.files.addCanvas(fake.team.id, 'Plan', '<h1>Plan</h1>');
    expect(canvas).toMatchObject({ filetype: 'quip', title: 'Plan' });
    expect((await fetched(canvas.url_private_download, fake.bot.botToken)).text).toBe(
      '<h1>Plan</h1>',
    );
  });

  it('can be lost or deleted, of which the app hears', async () => {
    const [lost, gone] = [
      fake.files.add(fake.team.id, picture),
      fake.files.add(fake.team.id, picture),
    ];
    fake.people.upload({ channel: general, user: ana, files: [lost, gone] });
    fake.files.lose(lost.id);
    expect((await fetched(lost.url_private_download, fake.bot.botToken)).status).toBe(404);
    fake.files.delete(gone.id);
    expect(fake.messages(general)[0]?.files).toMatchObject([
      lost,
      { id: gone.id, mode: 'tombstone' },
    ]);
    expect((await told()).at(-1)).toMatchObject({ type: 'file_deleted', file_id: gone.id });
  });

  it('can be uploaded by the bot', async () => {
    const file = Buffer.from('drawn');
    await client.filesUploadV2({ channel_id: general, file, filename: 'a.png' });
    const url = fake.messages(general)[0]?.files?.[0]?.url_private_download;
    expect(await fetched(url, fake.bot.botToken)).toEqual({ status: 200, text: 'drawn' });
  });
});
