import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { WebClient } from '@slack/web-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalSlack, whyNoLocalSlack } from './local-slack.ts';

const [general, ana] = ['C0GENERAL00', 'U0ANA000000'];
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
    const { ts } = await local.post({ channel: general, user: ana, text: 'Hello' });
    await client.chat.postMessage({ channel: general, thread_ts: ts, text: 'Hello, Ana' });
    const messages = await local.messages(general);
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
