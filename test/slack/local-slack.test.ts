import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { SocketModeClient } from '@slack/socket-mode';
import { WebClient } from '@slack/web-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalSlack, whyNoLocalSlack } from './local-slack.ts';

interface Heard {
  type: string;
  ack: () => Promise<void>;
  body: { type?: string; trigger_id?: string; event?: { type: string } };
}

const [general, support, ana] = ['C0GENERAL00', 'C0SUPPORT00', 'U0ANA000000'];
const outside = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

const reason = whyNoLocalSlack === undefined ? '' : ` (left out: ${whyNoLocalSlack})`;

describe.skipIf(whyNoLocalSlack !== undefined)(`local-slack${reason}`, () => {
  let local: LocalSlack;
  let client: WebClient;

  beforeAll(async () => {
    local = await LocalSlack.start();
    client = new WebClient(local.app.botToken, { slackApiUrl: local.apiUrl });
  });
  afterAll(async () => {
    await local.stop();
  });

  it('shows what people and the bot post', async () => {
    const { ts } = await local.post({ channel: support, user: ana, text: 'Hello' });
    await client.chat.postMessage({ channel: support, thread_ts: ts, text: 'Hello, Ana' });
    const messages = await local.messages(support);
    expect(messages.map(({ text }) => text)).toEqual(['Hello', 'Hello, Ana']);
  });

  it('keeps the files that people share, for the bot to fetch', async () => {
    const bytes = Buffer.from('a picture');
    await local.upload({ channel: general, user: ana, text: 'Look' }, [{ name: 'a.png', bytes }]);
    const shared = (await local.messages(general)).at(-1);
    const url = String(shared?.files?.[0]?.url_private_download);
    const headers = { authorization: `Bearer ${local.app.botToken}` };
    expect(await (await fetch(url, { headers })).text()).toBe('a picture');
  });

  it('tells the app over Socket Mode what people do', async () => {
    const socket = new SocketModeClient({
      appToken: local.app.appToken,
      clientOptions: { slackApiUrl: local.apiUrl },
    });
    const heard: Heard[] = [];
    socket.on('slack_event', async (event: Heard) => {
      heard.push(event);
      await event.ack();
    });
    await socket.start();
    const text = { type: 'plain_text' as const, text: 'Stop' };
    const button = { type: 'button' as const, text, action_id: 'stop', value: 'q1' };
    const { ts: messageTs = '' } = await client.chat.postMessage({
      channel: general,
      text: 'Working',
      blocks: [{ type: 'actions', elements: [button] }],
    });
    await local.press({ channel: general, messageTs, user: ana, action: button });
    await local.command({ channel: general, user: ana, command: '/vistazo', text: 'help' });
    await local.openHome(ana);
    const isTold = (type: string) => heard.find(({ body }) => (body.event ?? body).type === type);
    await expect.poll(() => isTold('app_home_opened')).toBeDefined();
    expect(isTold('block_actions')?.body).toMatchObject({ actions: [{ action_id: 'stop' }] });
    const command = heard.find(({ type }) => type === 'slash_commands');
    expect(command?.body).toMatchObject({ command: '/vistazo', text: 'help' });
    await client.views.open({
      trigger_id: String(command?.body.trigger_id),
      view: {
        type: 'modal',
        title: { type: 'plain_text', text: 'Ask' },
        submit: { type: 'plain_text', text: 'Ask' },
        blocks: [
          {
            type: 'input',
            block_id: 'b',
            label: { type: 'plain_text', text: 'Question' },
            element: { type: 'plain_text_input', action_id: 'question' },
          },
        ],
      },
    });
    expect((await local.views()).modalStack).toHaveLength(1);
    const question = { type: 'plain_text_input', value: 'Why?' };
    await local.submit(ana, { b: { question } });
    await expect.poll(() => isTold('view_submission')).toBeDefined();
    expect(isTold('view_submission')?.body).toMatchObject({
      view: { state: { values: { b: { question } } } },
    });
    await socket.disconnect();
  });

  it.skipIf(outside === undefined)(
    `cannot be reached from outside${outside === undefined ? ' (left out: this machine has loopback only)' : ''}`,
    async () => {
      const answer = await new Promise((resolve) => {
        const socket = connect(local.port, outside);
        socket.on('connect', () => resolve('connected'));
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      });
      expect(answer).toBe('ECONNREFUSED');
    },
  );
});
