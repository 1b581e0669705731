import type { Adapter, ReplyPost } from '@vistazo/core';
import { testHost } from '@vistazo/core/testing';
import { createSlackAdapter, type SlackAdapterOptions } from '@vistazo/slack';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pictureOf } from '../core/bot/bot-fixture.ts';
import { adapterOn, filesOf, picturesIn } from './fake-fixture.ts';
import { FakeSlack } from './fake-slack.ts';
import { Sending } from './sending-fixture.ts';

interface Setting {
  fake: FakeSlack;
  adapter: Adapter;
  channel: string;
  post: ReplyPost;
  bytes: Uint8Array[];
}

async function start(options: Pick<SlackAdapterOptions, 'postPictures'> = {}): Promise<Setting> {
  const fake = await FakeSlack.start();
  onTestFinished(() => fake.stop());
  const adapter = adapterOn(fake, { postPictures: true, ...options });
  await adapter.start(testHost());
  onTestFinished(async () => {
    await adapter.stop();
    await adapter.close?.();
  });
  const channel = fake.addChannel('news', [fake.addPerson('Ana')]);
  const bytes = [await pictureOf(255), await pictureOf(0, 0, 255)];
  const pictures = bytes.map((each, index) => ({
    bytes: each,
    mediaType: 'image/png',
    name: `picture-${index + 1}.png`,
    description: `Ticket ${index + 1}, a part is filled`,
  }));
  const post: ReplyPost = {
    tenant: fake.team.id,
    conversationKey: channel,
    messageId: 'triage ticket 1',
    isAnnouncement: true,
    text: 'See:',
    pictures,
    idempotencyKey: 'key of ticket 1',
  };
  return { fake, adapter, channel, post, bytes };
}

const write = () => ({ signal: AbortSignal.timeout(60_000), completes: 'answer' as const });
const uploads = ({ fake }: Setting) =>
  fake.api.calls.filter(({ method }) => method === 'files.getUploadURLExternal').length;

describe('pictures of posts on Slack', () => {
  it('stand in the message itself, once Slack has looked at them', async () => {
    const setting = await start();
    const { fake, adapter, channel, post, bytes } = setting;
    fake.files.looksUntilKnown = 2;
    const ts = await adapter.post(post, write());
    expect(await adapter.post(post, write())).toBe(ts);
    const [message, ...others] = fake.messages(channel);
    expect(others).toEqual([]);
    expect(picturesIn(fake, message?.blocks)).toEqual([
      { bytes: Buffer.from(bytes[0] ?? []), description: 'Ticket 1, a part is filled' },
      { bytes: Buffer.from(bytes[1] ?? []), description: 'Ticket 2, a part is filled' },
    ]);
    expect(message).toMatchObject({ text: 'See:', metadata: { event_type: expect.any(String) } });
    expect(uploads(setting)).toBe(2);
  });

  it('are uploaded once where the message has to be tried again', async () => {
    const setting = await start();
    const { fake, adapter, channel, post } = setting;
    const end = fake.api.intercept(({ method }) =>
      method === 'chat.postMessage' ? { status: 503, body: {} } : undefined,
    );
    await expect(adapter.post(post, write())).rejects.toMatchObject({ code: 'platform.failed' });
    end();
    await adapter.post(post, write());
    expect(fake.messages(channel)).toHaveLength(1);
    expect(uploads(setting)).toBe(2);
  });

  it('stay where the answer to the call is lost, and the message is found again', async () => {
    const { fake, channel, post, bytes } = await start();
    const sending = await Sending.start({ postPictures: true, files: filesOf(fake) }, fake);
    sending.loseAnswerOf('chat.postMessage');
    await expect(sending.adapter.post(post, write())).rejects.toMatchObject({
      code: 'platform.failed',
    });
    await sending.adapter.post(post, write());
    const shown = fake.messages(channel).map(({ blocks }) => picturesIn(fake, blocks).length);
    expect(shown).toEqual([bytes.length]);
  });

  it('are uploaded to hosts of Slack alone', async () => {
    const { fake, channel, post } = await start();
    const adapter = createSlackAdapter({
      botToken: fake.bot.botToken,
      appToken: fake.appToken,
      slackApiUrl: fake.apiUrl,
      notify: () => {},
      postPictures: true,
      files: { hosts: [{ host: 'files.slack.com' }], allowAddress: () => true },
    });
    await adapter.start(testHost());
    onTestFinished(() => adapter.stop());
    const posting = adapter.post(post, write());
    await expect(posting).rejects.toMatchObject({
      code: 'platform.failed',
      cause: { code: 'fetch.refused' },
    });
    expect(fake.messages(channel)).toEqual([]);
  });

  it('need a scope that says so where the app lacks it', async () => {
    const { fake, adapter, post } = await start();
    fake.bot.scopes.delete('files:write');
    await expect(adapter.post(post, write())).rejects.toMatchObject({
      code: 'platform.gone',
      message: expect.stringMatching(/scope files:write/),
    });
  });

  it('are shown, and the scope asked for, only where the operator wants it', async () => {
    const [without, having] = [await start({ postPictures: false }), await start()];
    expect(without.adapter.capabilities.postedPictures).toBeUndefined();
    expect(having.adapter.capabilities.postedPictures).toMatchObject({ maxPerPost: 10 });
    const scopes = ({ adapter }: Setting) => JSON.stringify(adapter.manifest?.({ commands: [] }));
    expect([without, having].map((each) => scopes(each).includes('files:write'))).toEqual([
      false,
      true,
    ]);
  });
});
