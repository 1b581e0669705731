import { join } from 'node:path';
import type { AdapterCapabilities, PluginContext } from '@vistazo/core';
import { openSqliteStore } from '@vistazo/core';
import { createTestBot, MemoryAdapter, type SeenPost } from '@vistazo/core/testing';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import busy from '../plugin/isolated/busy.ts';
import { plugin, startBot } from '../plugin/plugin-fixture.ts';
import { pictureOf, sharpMedia, temporaryFolder } from './bot-fixture.ts';

const place = { adapter: 'memory', tenant: 'tenant', conversationKey: 'news' };
const postedPictures = { maxPerPost: 2, maxBytes: 100_000 };
const left = { x: 0, y: 0, width: 1, height: 3 };

/** Announces each picture that it sees, its left half filled. */
const herald = (change: Partial<Parameters<PluginContext<unknown>['announce']>[0]> = {}) =>
  plugin('herald', ({ onMessage, announce }) =>
    onMessage('pictures', async ({ pictures, messageId, reply }) => {
      const shown = pictures.map(async (picture, index) => ({
        picture: await picture.redacted([left]),
        description: `Picture ${index + 1}`,
      }));
      const says = { text: 'See:', key: messageId, pictures: await Promise.all(shown) };
      await announce({ ...place, ...says, ...change });
      reply('Told.');
    }),
  );

async function announced(capabilities: Partial<AdapterCapabilities>, count = 1) {
  const { bot, faults } = await startBot([herald()], {}, capabilities);
  const pictures = Array.from({ length: count }, (_, index) => pictureOf(250 - index));
  await bot.ask('Look!', { pictures: await Promise.all(pictures) });
  await bot.idle();
  return { faults, posts: news(bot.adapter) };
}

const news = ({ posts }: MemoryAdapter): SeenPost[] =>
  posts.filter(({ isAnnouncement }) => isAnnouncement);

async function pixelsOf(bytes: Uint8Array) {
  const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  return [...data.subarray(0, 6)];
}

describe('pictures that a plugin announces', () => {
  it('are shown below what it says, filled by the media process', async () => {
    const { posts, faults } = await announced({ postedPictures });
    expect(faults).toEqual([]);
    expect(posts).toMatchObject([
      {
        text: 'See:',
        pictures: [{ name: 'picture-1.png', description: 'Picture 1', mediaType: 'image/png' }],
      },
    ]);
    const [picture] = posts[0]?.pictures ?? [];
    expect(Object.keys(picture ?? {}).sort()).toEqual([
      'bytes',
      'description',
      'mediaType',
      'name',
    ]);
    const grey = [0x60, 0x60, 0x60];
    expect(await pixelsOf(picture?.bytes ?? new Uint8Array())).toEqual([...grey, 250, 0, 0]);
  });

  it.each([
    ['shows none', {}, 1, 0, 'See:\n\nThe picture cannot be shown here.'],
    [
      'shows fewer',
      { postedPictures },
      3,
      2,
      'See:\n\nOne of the 3 pictures cannot be shown here.',
    ],
    [
      'takes smaller ones only',
      { postedPictures: { maxPerPost: 5, maxBytes: 10 } },
      2,
      0,
      'See:\n\n2 of the 2 pictures cannot be shown here.',
    ],
  ])(
    'are named in a sentence where the platform %s',
    async (_, capabilities, count, shown, text) => {
      const { posts } = await announced(capabilities, count);
      expect(posts.map((post) => [post.text, post.pictures.length])).toEqual([[text, shown]]);
    },
  );

  it.each([
    ['bytes of its own', { picture: { widthPx: 2, heightPx: 3 }, description: 'Mine' }, /redacted/],
    ['no description', { description: ' ' }, /the description of one/],
    ['a path as a name', { name: '../a.png', description: 'A path' }, /the name of one/],
  ])('are refused with %s', async (_, about, fault) => {
    const bad = plugin('bad', ({ onMessage, announce }) =>
      onMessage('pictures', async ({ pictures: [first] }) => {
        const picture = await first.redacted([]);
        await announce({ ...place, text: 'See:', key: '1', pictures: [{ picture, ...about }] });
      }),
    );
    const { bot, faults } = await startBot([bad], {}, { postedPictures });
    await bot.ask('Look!', { pictures: [await pictureOf(255)] });
    expect(faults).toEqual([expect.stringMatching(fault)]);
    expect(news(bot.adapter)).toEqual([]);
  });

  it('cannot be made where the bot’s own media makes none, nor in an isolated plugin', async () => {
    const { bot, faults } = await startBot([herald()], { media: sharpMedia }, { postedPictures });
    await bot.ask('Look!', { pictures: [await pictureOf(255)] });
    expect(faults).toEqual([expect.stringMatching(/media of this bot fills no parts/)]);
    const isolated = await startBot([busy({})], {}, { postedPictures });
    await isolated.bot.ask('redact', { pictures: [await pictureOf(255)] });
    expect(isolated.faults).toEqual([
      expect.stringMatching(/redacted is not for isolated plugins/),
    ]);
  });

  it('are found by their ids in the tenant, until their message is forgotten', async () => {
    const ids: string[] = [];
    const finder = plugin('finder', ({ onMessage }) =>
      onMessage(async ({ pictures: [first], keptPicture, reply }) => {
        if (first !== undefined) ids.push(first.id);
        const found = await keptPicture(ids[0] ?? 'no id');
        reply(found === undefined ? 'Gone.' : `${found.widthPx} × ${found.heightPx}`);
      }),
    );
    const { bot } = await startBot([finder]);
    expect(await bot.ask('Hi!')).toBe('Gone.');
    expect(await bot.ask('Look!', { pictures: [await pictureOf(255)] })).toBe('2 × 3');
    expect(await bot.ask('And now?', { conversationKey: 'other' })).toBe('2 × 3');
    expect(await bot.ask('And there?', { tenant: 'another' })).toBe('Gone.');
    await bot.forget({ tenant: 'tenant', person: { adapter: 'memory', id: 'ana' } });
    expect(await bot.ask('And now?', { author: { id: 'bo', name: 'Bo' } })).toBe('Gone.');
  });
});

class Dying extends MemoryAdapter {
  dies: 'before' | 'after' | 'no' = 'no';
  readonly died = Promise.withResolvers<void>();

  override async post(...[post, options]: Parameters<MemoryAdapter['post']>) {
    if (post.pictures === undefined || this.dies === 'no') return super.post(post, options);
    if (this.dies === 'after') await super.post(post, options);
    this.died.resolve();
    // The process ends before it hears of it.
    return new Promise<string>((_, reject) =>
      options.signal.addEventListener('abort', () => reject(options.signal.reason)),
    );
  }
}

describe('a bot that dies after a picture was announced', () => {
  it.each(['before', 'after'] as const)('shows it once when it dies %s posting', async (moment) => {
    const path = join(await temporaryFolder(), 'bot.sqlite');
    const adapter = new Dying({ postedPictures });
    adapter.dies = moment;
    const first = await createTestBot({
      adapter,
      plugins: [herald()],
      store: await openSqliteStore({ path }),
    });
    await adapter.say('Look!', { pictures: [await pictureOf(255)] });
    await adapter.died.promise;
    await first.close();
    adapter.dies = 'no';
    await using second = await createTestBot({ adapter, store: await openSqliteStore({ path }) });
    await second.idle();
    expect(
      news(adapter).map(({ text, pictures, edits }) => [text, pictures.length, edits]),
    ).toEqual([['See:', 1, 0]]);
  });
});
