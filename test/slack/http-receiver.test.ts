import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { App } from '@slack/bolt';
import { VistazoError } from '@vistazo/core';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { HttpReceiver } from '../../packages/slack/src/connection/http-receiver.ts';

const signingSecret = '0123456789abcdef0123456789abcdef';
const nowSeconds = () => Math.floor(Date.now() / 1000);

interface Sent {
  body?: string;
  /** In place of the time of now; null for none. */
  timestamp?: string | number | null;
  secret?: string;
  method?: string;
  path?: string;
  type?: string;
  headers?: Record<string, string>;
}

/** A bot of Bolt's on the receiver, and Slack's requests to it with real signatures. */
async function listen(options: Partial<ConstructorParameters<typeof HttpReceiver>[0]> = {}) {
  const notices: string[] = [];
  const notify = (sentence: string) => void notices.push(sentence);
  const receiver = new HttpReceiver({ signingSecret, port: 0, notify, ...options });
  const app = new App({
    receiver,
    authorize: async () => ({ botToken: 'xoxb-1', botId: 'B1', botUserId: 'U0' }),
  });
  app.error(async (error) => {
    throw error;
  });
  await receiver.start();
  onTestFinished(() => receiver.stop());
  const base = `http://127.0.0.1:${receiver.server.port}`;
  const send = ({ body = eventBody(), timestamp = nowSeconds(), ...sent }: Sent = {}) => {
    const { secret = signingSecret, method = 'POST', path = '/slack/events' } = sent;
    const signed = createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex');
    return fetch(`${base}${path}`, {
      method,
      ...(method === 'POST' && { body }),
      headers: {
        'content-type': sent.type ?? 'application/json',
        'x-slack-signature': `v0=${signed}`,
        ...(timestamp !== null && { 'x-slack-request-timestamp': String(timestamp) }),
        ...sent.headers,
      },
    });
  };
  return { app, receiver, notices, send, base };
}

const eventBody = (text = 'Hello') =>
  JSON.stringify({
    type: 'event_callback',
    event_id: 'Ev1',
    team_id: 'T1',
    event: { type: 'app_mention', channel: 'C1', ts: '1.1', user: 'U1', text },
  });

describe('Slack’s requests over HTTP', () => {
  it('are answered when the event is processed, and not before', async () => {
    const { app, send } = await listen();
    const stored = Promise.withResolvers<void>();
    const order: string[] = [];
    app.event('app_mention', async ({ event }) => {
      order.push(event.text);
      await stored.promise;
      order.push('stored');
    });
    const answer = send().then((response) => {
      order.push('answered');
      return response.status;
    });
    await vi.waitFor(() => expect(order).toEqual(['Hello']));
    stored.resolve();
    expect(await answer).toBe(200);
    expect(order).toEqual(['Hello', 'stored', 'answered']);
  });

  it('are told of again where they come again: which event it is is for the store', async () => {
    const { app, send } = await listen();
    const ids: string[] = [];
    app.event('app_mention', async ({ body }) => void ids.push(body.event_id));
    const again = { headers: { 'x-slack-retry-num': '1', 'x-slack-retry-reason': 'http_timeout' } };
    expect([(await send()).status, (await send(again)).status]).toEqual([200, 200]);
    expect(ids).toEqual(['Ev1', 'Ev1']);
  });

  it('are answered with 500 where the event could not be stored, so that it comes again', async () => {
    const { app, send, notices } = await listen();
    app.event('app_mention', async () => {
      throw new VistazoError('store.failed', 'The disk is full of SECRET.');
    });
    expect((await send()).status).toBe(500);
    expect(notices).toEqual([
      'Something that Slack sent could not be worked on: store.failed. Events come again.',
    ]);
  });

  it('are answered with 200 where their workspace is gone', async () => {
    const { app, send } = await listen();
    app.event('app_mention', async () => {
      throw new VistazoError('platform.gone', 'Not installed.');
    });
    expect((await send()).status).toBe(200);
  });

  it('bring commands, which are answered with what the listener says', async () => {
    const { app, send } = await listen();
    app.command('/ask', ({ ack }) => ack('One moment'));
    const body = 'command=%2Fask&text=&team_id=T1&user_id=U1&channel_id=C1';
    const response = await send({ body, type: 'application/x-www-form-urlencoded' });
    expect([response.status, await response.text()]).toEqual([200, 'One moment']);
  });

  it('are Slack’s check that the address is the bot’s', async () => {
    const { send } = await listen();
    const body = JSON.stringify({ type: 'url_verification', challenge: 'abc', token: 't' });
    expect(await (await send({ body })).json()).toEqual({ challenge: 'abc' });
    expect((await send({ body, secret: 'another' })).status).toBe(401);
  });

  it.each<[string, Sent, number]>([
    ['that another secret signed', { secret: 'another' }, 401],
    [
      'whose body is another one',
      { headers: { 'x-slack-signature': `v0=${'0'.repeat(64)}` } },
      401,
    ],
    ['without a signature', { headers: { 'x-slack-signature': '' } }, 401],
    ['of six minutes ago', { timestamp: nowSeconds() - 360 }, 401],
    ['of the future', { timestamp: nowSeconds() + 120 }, 401],
    ['of a far future', { timestamp: '99999999999999' }, 401],
    ['without a time', { timestamp: null }, 401],
    ['with a time that is no number', { timestamp: 'now' }, 401],
    ['with a time in another notation', { timestamp: '1e10' }, 401],
    ['that are not JSON', { body: '{' }, 400],
    ['with another method', { method: 'GET' }, 405],
    ['at another address', { path: '/slack/other' }, 404],
    ['at no address', { path: '//' }, 404],
    ['that are too large', { body: eventBody('x'.repeat(2 ** 20)) }, 413],
  ])('are refused %s', async (_, sent, status) => {
    const { app, send } = await listen();
    const heard = vi.fn();
    app.event('app_mention', async () => heard());
    expect((await send(sent)).status).toBe(status);
    expect(heard).not.toHaveBeenCalled();
  });

  it('are taken within a minute of the future, since clocks differ', async () => {
    const { app, send } = await listen();
    app.event('app_mention', async () => {});
    expect((await send({ timestamp: nowSeconds() + 30 })).status).toBe(200);
  });

  it('are refused that are too large and do not say how large they are', async () => {
    const { base } = await listen({ maxBodyBytes: 1000 });
    const { port } = new URL(base);
    const socket = connect(Number(port), '127.0.0.1');
    const chunk = `3e8\r\n${'x'.repeat(1000)}\r\n`;
    socket.write(
      `POST /slack/events HTTP/1.1\r\nhost: localhost\r\nx-slack-request-timestamp: ${nowSeconds()}\r\ntransfer-encoding: chunked\r\n\r\n${chunk}${chunk}`,
    );
    const [answer] = await new Promise<Buffer[]>((resolve) =>
      socket.once('data', (data) => resolve([data])),
    );
    socket.destroy();
    expect(String(answer)).toContain('413');
  });

  it('are not taken where the port is in use, which is said', async () => {
    const { receiver } = await listen();
    await expect(listen({ port: receiver.server.port ?? 0 })).rejects.toMatchObject({
      code: 'server.failed',
      message: expect.stringContaining('is in use; choose another with the option port'),
    });
  });

  it('are finished when the bot stops, with their connections, and no more are taken', async () => {
    const { app, send, receiver } = await listen();
    expect(receiver.isConnected).toBe(true);
    const stored = Promise.withResolvers<void>();
    const heard = vi.fn();
    app.event('app_mention', async () => {
      heard();
      await stored.promise;
    });
    const answer = send();
    await vi.waitFor(() => expect(heard).toHaveBeenCalledOnce());
    const stopped = receiver.stop();
    expect(receiver.isConnected).toBe(false);
    stored.resolve();
    expect((await answer).status).toBe(200);
    await stopped;
    await expect(send()).rejects.toThrow();
  });
});
