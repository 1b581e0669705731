import { PermissionFlagsBits } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { pictureOf } from '../core/bot/bot-fixture.ts';
import { type Listening, listen } from './listen.ts';
import { brokenLimit } from './payload-limits.ts';

async function announce({ adapter, twin }: Listening, text = 'See:', count = 1): Promise<string> {
  const pictures = Array.from({ length: count }, async (_, index) => ({
    bytes: await pictureOf(250 - index),
    mediaType: 'image/png',
    name: `picture-${index + 1}.png`,
    description: 'A ticket’s screenshot, one part filled',
  }));
  const post = {
    tenant: twin.guildId,
    conversationKey: twin.channelId,
    messageId: 'triage ticket 1',
    isAnnouncement: true,
    text,
    pictures: await Promise.all(pictures),
    idempotencyKey: 'ticket 1',
  };
  const signal = AbortSignal.timeout(60_000);
  return adapter.post(post, { signal });
}

const posted = ({ twin }: Listening) =>
  twin.front.calls.filter(({ method, path }) => method === 'POST' && path.endsWith('/messages'));

describe('pictures of posts on Discord', () => {
  it('are attached to the message, with their descriptions', async () => {
    const setting = await listen();
    await announce(setting, 'See:', 2);
    const [call, ...others] = posted(setting);
    expect(others).toEqual([]);
    const description = 'A ticket’s screenshot, one part filled';
    expect(call?.body).toMatchObject({
      content: 'See:',
      nonce: 'ticket 1',
      attachments: [
        { id: 0, filename: 'picture-1.png', description },
        { id: 1, filename: 'picture-2.png', description },
      ],
    });
    expect(call?.attachments.map(({ bytes }) => Buffer.from(bytes))).toEqual([
      await pictureOf(250),
      await pictureOf(249),
    ]);
  });

  it('stand beside the file of a long text', async () => {
    const setting = await listen({ longAnswers: 'file' });
    const { maxPerPost = 0 } = setting.adapter.capabilities.postedPictures ?? {};
    await announce(setting, 'word '.repeat(1000), maxPerPost);
    const names = posted(setting)[0]?.attachments.map(({ name }) => name);
    expect(names).toEqual([
      'answer.md',
      ...Array.from({ length: 9 }, (_, index) => `picture-${index + 1}.png`),
    ]);
  });

  it('are named in a sentence where the bot may attach none, as far as there is room', async () => {
    const setting = await listen();
    await setting.twin.deny(PermissionFlagsBits.AttachFiles);
    // What comes after it shows that the bot has heard of it.
    await setting.event('message', await setting.twin.ask('Is it so?'));
    await announce(setting);
    const [post] = await setting.twin.posts();
    expect(post?.content).toMatch(/^See:\n\n-# A picture belongs here.*Attach Files\.$/);
    expect(posted(setting).flatMap(({ attachments }) => attachments)).toEqual([]);
  });

  it('keep to what Discord takes of files in a call', () => {
    const path = '/channels/100000000000000001/messages';
    const uploads = (count: number, sizeBytes: number) =>
      Array.from({ length: count }, (_, index) => ({
        field: `files[${index}]`,
        name: `${index}.png`,
        sizeBytes,
      }));
    const brokenBy = (count: number, mib: number) =>
      brokenLimit('POST', path, { content: 'See:' }, uploads(count, mib * 2 ** 20));
    expect(brokenBy(2, 10)).toBeUndefined();
    expect(brokenBy(3, 10)).toMatch(/bytes together/);
    expect(brokenBy(1, 11)).toMatch(/the file 0\.png/);
    expect(brokenBy(11, 1)).toMatch(/11 files/);
  });
});
