import { App } from '@slack/bolt';
import { VistazoError } from '@vistazo/core';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { SocketReceiver } from '../../packages/slack/src/connection/socket-receiver.ts';
import { SocketServer } from './socket-server.ts';

/** Bolt's own App on the receiver, connected. */
async function connect(server: SocketServer, { isStarted = true } = {}) {
  const notices: string[] = [];
  const receiver = new SocketReceiver({
    appToken: 'xapp-SECRET',
    slackApiUrl: server.apiUrl,
    notify: (sentence) => notices.push(sentence),
  });
  const app = new App({
    receiver,
    authorize: async () => ({ botToken: 'xoxb-SECRET', botId: 'B1', botUserId: 'U0' }),
  });
  app.error(async (error) => {
    throw error;
  });
  let isStopped = false;
  const stop = async () => {
    if (!isStopped) await receiver.stop();
    isStopped = true;
  };
  onTestFinished(stop);
  if (isStarted) await receiver.start();
  return { app, receiver, notices, stop };
}

const acknowledgedIds = (server: SocketServer) =>
  server.acknowledged.map(({ envelope_id }) => envelope_id);

describe('Socket Mode', () => {
  it('acknowledges an event when it is processed, and not before', async () => {
    const server = await SocketServer.start();
    const { app } = await connect(server);
    const stored = Promise.withResolvers<void>();
    const heard = vi.fn();
    app.event('app_mention', async ({ event }) => {
      heard(event.text);
      if (event.text === 'slow') await stored.promise;
    });
    server.event('slow');
    server.event('fast');
    await vi.waitFor(() => expect(acknowledgedIds(server)).toEqual(['fast']));
    expect(heard.mock.calls).toEqual([['slow'], ['fast']]);
    stored.resolve();
    await vi.waitFor(() => expect(acknowledgedIds(server)).toEqual(['fast', 'slow']));
  });

  it('does not acknowledge an event that could not be stored, and does when it comes again', async () => {
    const server = await SocketServer.start();
    const { app, notices } = await connect(server);
    let isBroken = true;
    app.event('app_mention', async () => {
      if (isBroken) throw new VistazoError('store.failed', 'The disk is full of SECRET.');
    });
    server.event('one');
    await vi.waitFor(() =>
      expect(notices).toEqual([
        'Something that Slack sent could not be worked on: store.failed. Events come again.',
      ]),
    );
    expect(server.acknowledged).toEqual([]);
    isBroken = false;
    server.event('one');
    await vi.waitFor(() => expect(acknowledgedIds(server)).toEqual(['one']));
  });

  it('acknowledges what comes from a workspace that is gone, since it would come again and again', async () => {
    const server = await SocketServer.start();
    const { app, notices } = await connect(server);
    app.event('app_mention', async () => {
      throw new VistazoError('platform.gone', 'Not installed in T1.');
    });
    server.event('one');
    await vi.waitFor(() => expect(acknowledgedIds(server)).toEqual(['one']));
    expect(notices).toEqual([expect.stringContaining('is not installed any more')]);
  });

  it('acknowledges what people wait for when its listener says so, with what it answers', async () => {
    const server = await SocketServer.start();
    const { app } = await connect(server);
    const finished = Promise.withResolvers<void>();
    app.command('/ask', async ({ ack }) => {
      await ack({ text: 'One moment' });
      await finished.promise;
    });
    server.send({
      type: 'slash_commands',
      envelope_id: 'command',
      accepts_response_payload: true,
      payload: { command: '/ask', text: '', team_id: 'T1', user_id: 'U1', channel_id: 'C1' },
    });
    await vi.waitFor(() =>
      expect(server.acknowledged).toEqual([
        { envelope_id: 'command', payload: { text: 'One moment' } },
      ]),
    );
    finished.resolve();
  });

  it('finishes and acknowledges what is under way before it disconnects, and takes nothing more', async () => {
    const server = await SocketServer.start();
    const { app, receiver, stop } = await connect(server);
    const stored = Promise.withResolvers<void>();
    const heard: string[] = [];
    app.event('app_mention', async ({ event }) => {
      heard.push(event.text);
      await stored.promise;
    });
    server.event('under way');
    await vi.waitFor(() => expect(heard).toEqual(['under way']));
    const stopped = stop();
    server.event('late');
    stored.resolve();
    await stopped;
    await vi.waitFor(() => expect(acknowledgedIds(server)).toEqual(['under way']));
    expect(heard).toEqual(['under way']);
    expect(receiver.isConnected).toBe(false);
  });

  it('ends also where Slack does not end its side', async () => {
    const server = await SocketServer.start();
    server.isPolite = false;
    const { receiver, stop } = await connect(server);
    await stop();
    expect(receiver.isConnected).toBe(false);
  });

  it('connects again when the connection ends, when Slack asks for it, and after errors of Slack', async () => {
    const server = await SocketServer.start();
    const { app, receiver, notices } = await connect(server);
    app.event('app_mention', async () => {});
    expect(receiver.isConnected).toBe(true);
    server.openings.push({ status: 503 }, { error: 'internal_error' });
    server.cut();
    await vi.waitFor(() => expect(server.connections).toBe(2), 20_000);
    await vi.waitFor(() => expect(notices.at(-1)).toBe('The bot is connected to Slack again.'));
    expect(notices).toHaveLength(2);
    server.send({ type: 'disconnect', reason: 'refresh_requested' });
    await vi.waitFor(() => expect(server.connections).toBe(3), 20_000);
    await vi.waitFor(() => expect(receiver.isConnected).toBe(true));
    server.event('after all that');
    await vi.waitFor(() => expect(acknowledgedIds(server)).toEqual(['after all that']));
  });

  it('goes on after what it does not understand', async () => {
    const server = await SocketServer.start();
    const { app, notices } = await connect(server);
    app.event('app_mention', async () => {});
    server.send('no JSON');
    server.send('null');
    server.send({ type: 'events_api', envelope_id: 'empty' });
    server.event('understood');
    await vi.waitFor(() => expect(acknowledgedIds(server)).toContain('understood'));
    expect(notices).toContain('Slack sent something that is not understood.');
  });

  it('says at the start which token is refused, and that Slack cannot be reached', async () => {
    const server = await SocketServer.start();
    server.openings.push({ error: 'invalid_auth' });
    const refused = await connect(server, { isStarted: false });
    await expect(refused.receiver.start()).rejects.toMatchObject({
      code: 'option.invalid',
      message: expect.stringContaining('Slack refuses the appToken (invalid_auth)'),
    });
    server.openings.push({ error: 'internal_error' });
    await expect(refused.receiver.start()).rejects.toMatchObject({ code: 'platform.failed' });
    const unreachable = await connect(server, { isStarted: false });
    await server.stop();
    await expect(unreachable.receiver.start()).rejects.toThrow('Slack could not be reached');
  });

  it('writes nothing of tokens and contents anywhere', async () => {
    const written = vi.fn();
    for (const stream of [process.stdout, process.stderr])
      vi.spyOn(stream, 'write').mockImplementation((chunk) => {
        written(String(chunk));
        return true;
      });
    onTestFinished(() => void vi.restoreAllMocks());
    const server = await SocketServer.start();
    const { app, notices, stop } = await connect(server);
    app.event('app_mention', async () => {
      throw new Error('SECRET');
    });
    server.event('SECRET');
    await vi.waitFor(() => expect(notices).toHaveLength(1));
    await stop();
    expect(JSON.stringify([written.mock.calls, notices])).not.toContain('SECRET');
  });
});
