import type { AdapterHost, PlatformEvent } from '@vistazo/core';
import { testHost } from '@vistazo/core/testing';
import { createSlackAdapter } from '@vistazo/slack';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { freePort } from '../free-port.ts';
import { FakeSlack } from './fake-slack.ts';

/** A started adapter to which the fake sends everything over HTTP. */
async function listen(receive: AdapterHost['receive'] = async () => 'accepted') {
  const fake = await FakeSlack.start();
  onTestFinished(() => fake.stop());
  const port = await freePort();
  const adapter = createSlackAdapter({
    botToken: fake.bot.botToken,
    signingSecret: fake.http.signingSecret,
    http: { port },
    slackApiUrl: fake.apiUrl,
    notify: () => {},
  });
  const events: PlatformEvent[] = [];
  const host = testHost({
    receive: (event) => {
      events.push(event);
      return receive(event);
    },
  });
  await adapter.start(host);
  onTestFinished(async () => {
    await adapter.stop();
    await adapter.close?.();
  });
  fake.sendEventsTo(`http://127.0.0.1:${port}/slack/events`);
  const ana = fake.addPerson('ana');
  const general = fake.addChannel('general', [ana]);
  const told = () => fake.ephemeral(ana).map(({ text }) => text);
  return { fake, ana, general, events, told };
}

describe('what people do on Slack, over HTTP', () => {
  it('is acknowledged with what there is to say', async () => {
    const { fake, ana, general, told } = await listen();
    await fake.interactions.command(ana, general, '/help');
    expect(told()).toEqual([expect.stringContaining('`/describe` Describes a picture')]);
  });

  it('opens modals, and hands over what is filled in', async () => {
    const { fake, ana, general, events } = await listen();
    expect(await fake.interactions.command(ana, general, '/ask')).toBeDefined();
    await vi.waitFor(() => expect(fake.openView(ana)).toBeDefined());
    expect(await fake.interactions.submit(ana, { question: 'Why?' })).toBeDefined();
    await vi.waitFor(() => expect(events).toMatchObject([{ type: 'message', text: 'Why?' }]));
    expect(fake.openView(ana)).toBeUndefined();
  });

  it('is acknowledged while the store takes longer than Slack waits', async () => {
    const { promise: stored, resolve } = Promise.withResolvers<void>();
    const { fake, ana, general, told } = await listen(async () => {
      await stored;
      return 'refused';
    });
    expect(await fake.interactions.command(ana, general, '/ask', 'Why?')).toBeDefined();
    expect(told()).toEqual([]);
    resolve();
    await vi.waitFor(() => expect(told()).toEqual(['I do not answer this one; try again later.']));
  });
});
