import { definePlugin, MediaProcess } from '@vistazo/core';
import { createTestBot } from '@vistazo/core/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { exportConversations } from '../../../packages/core/src/bot/export-conversations.ts';
import type { ChatMessage } from '../../../packages/core/src/conversation/chat-message.ts';
import { pictureRule } from '../../../packages/core/src/conversation/picture-labels.ts';
import { pdf } from '../media/pdf-files.ts';
import { clip, programs, threeColours } from '../media/video-files.ts';
import { collect, makeBot, pictureOf } from './bot-fixture.ts';

const media = new MediaProcess({}, programs);
const withoutVideo = new MediaProcess({}, { ffmpegPath: null });
afterAll(() => Promise.all([media.close(), withoutVideo.close()]));

const pages = (count: number) => pdf(Array.from({ length: count }, () => ({})));

/** What a model is shown of a message: its texts, and `#` for a picture. */
function shown(message: ChatMessage | undefined): string[] {
  const { content = [] } = message ?? {};
  if (typeof content === 'string') return [content];
  return content.map((part) => (part.type === 'text' ? part.text : '#'));
}

describe('a bot that is sent a document', () => {
  it('shows the model its pages in order, each with its number', async () => {
    await using bot = await createTestBot({ media, answers: ['It is a bill.'] });
    const files = [{ name: 'bill.pdf', bytes: pages(2) }];
    expect(await bot.ask('What is it?', { files })).toBe('It is a bill.');
    expect(shown(bot.model.prompts.at(-1)?.at(-1))).toEqual([
      pictureRule,
      'Image 1, page 1 of 2:',
      '#',
      'Image 2, page 2 of 2:',
      '#',
      'What is it?',
    ]);
  });

  it('says which pages are looked at where it is long, and remembers which they were', async () => {
    await using bot = await createTestBot({ media, answers: ['Long.', 'As I said.'] });
    const files = [{ name: 'report.pdf', bytes: pages(40) }];
    expect(await bot.ask('What is it?', { files })).toBe(
      'Long.\n\nreport.pdf: pages 1 to 8 of 40 are looked at.',
    );
    expect(await bot.ask('Really?')).toBe('As I said.');
    const question = bot.model.prompts.at(-1)?.find(({ role }) => role === 'user');
    expect(shown(question).slice(-3)).toEqual(['Image 8, page 8 of 40:', '#', 'What is it?']);
  });

  it('looks at as many pages as it may, and as there is room for beside other files', async () => {
    const limits = { maxPages: 3, maxPictures: 4 };
    await using bot = await createTestBot({ media, limits, answers: ['Yes.'] });
    const pictures = [await pictureOf(255)];
    const files = [
      { name: 'a.pdf', bytes: pages(2) },
      { name: 'b.pdf', bytes: pages(5) },
      { name: 'c.pdf', bytes: pages(1) },
    ];
    expect(await bot.ask('All?', { pictures, files })).toBe(
      [
        'Yes.',
        'b.pdf: page 1 of 5 is looked at.',
        'c.pdf: At most 4 pictures of a message are looked at; send it in another one.',
      ].join('\n\n'),
    );
    expect(shown(bot.model.prompts.at(-1)?.at(-1))).toEqual([
      pictureRule,
      'Image 1:',
      '#',
      'Image 2, page 1 of 2:',
      '#',
      'Image 3, page 2 of 2:',
      '#',
      'Image 4, page 1 of 5:',
      '#',
      '⟦file that you cannot see: c.pdf⟧',
      'All?',
    ]);
  });

  it('names one that it cannot open, with the reason', async () => {
    await using bot = await createTestBot({ media });
    const files = [{ name: 'secret.pdf', bytes: pdf([{}], { password: 'x' }) }];
    expect(await bot.ask('', { files })).toBe(
      'secret.pdf: The document is protected with a password; send it without one.',
    );
  });

  it('counts its pages as pictures of the conversation, for plugins too', async () => {
    const listing = definePlugin({
      name: 'listing',
      version: '1.0.0',
      config: z.object({}),
      setup: ({ onMessage }) =>
        onMessage('pictures', async ({ conversationPictures, reply }) =>
          reply(conversationPictures.map(({ number, name }) => `${number} ${name}`).join(', ')),
        ),
    });
    await using bot = await createTestBot({ media, plugins: [listing({})] });
    await bot.ask('First?', { pictures: [await pictureOf(255)] });
    const files = [{ name: 'a.pdf', bytes: pages(2) }];
    expect(await bot.ask('Then?', { files })).toBe('1 picture-1.png, 2 a.pdf, 3 a.pdf');
  });

  it('exports its pages as the model was shown them', async () => {
    const { service, store } = await makeBot([{ pieces: ['Yes.'] }], { media });
    const { id } = await service.createConversation();
    const pictures = [{ bytes: pages(1), name: 'a.pdf' }];
    const events = await collect(service.send(id, { text: 'What?', pictures }));
    expect(events.at(-1)).toMatchObject({ type: 'end' });
    const { messages } = await service.getConversation(id);
    expect(messages[0]?.pictures).toMatchObject([
      { provenance: { name: 'a.pdf', place: { type: 'page', page: 1, pages: 1 } } },
    ]);
    const [exported] = await Array.fromAsync(exportConversations(store.forTenant('local')));
    expect(exported?.messages[0]?.content).toEqual([
      { type: 'text', text: 'Page 1 of 1:' },
      { type: 'image' },
      { type: 'text', text: 'What?' },
    ]);
    expect(exported?.pictures).toHaveLength(1);
  });
});

describe('a bot that is sent a video', () => {
  it('shows the model frames in order, each with its time', async () => {
    const limits = { maxVideoFrames: 3 };
    await using bot = await createTestBot({ media, limits, answers: ['It turns blue.'] });
    const files = [{ name: 'clip.mp4', bytes: threeColours() }];
    expect(await bot.ask('What happens?', { files })).toBe('It turns blue.');
    expect(shown(bot.model.prompts.at(-1)?.at(-1))).toEqual([
      pictureRule,
      'Image 1, video at 0:00 of 0:12:',
      '#',
      'Image 2, video at 0:06 of 0:12:',
      '#',
      'Image 3, video at 0:11 of 0:12:',
      '#',
      'What happens?',
    ]);
  });

  it('says how little it looks at of a long one', async () => {
    const limits = { maxVideoFrames: 2 };
    await using bot = await createTestBot({ media, limits, answers: ['A clock.'] });
    const bytes = clip({ source: 'testsrc=d=100:s=64x48:r=2' });
    expect(await bot.ask('What?', { files: [{ name: 'long.mp4', bytes }] })).toBe(
      'A clock.\n\nlong.mp4: 2 frames of 1:40 are looked at.',
    );
  });

  it('says plainly where it cannot look at videos', async () => {
    await using bot = await createTestBot({ media: withoutVideo, answers: ['Hello.'] });
    expect(await bot.ask('What happens?', { files: [{ name: 'clip.mp4', bytes: clip() }] })).toBe(
      'clip.mp4: This bot cannot look at videos, because ffmpeg is not installed where it runs; send pictures of what matters.',
    );
  });

  it.each([
    ['list.m3u8', '#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n'],
    ['list.mp4', "ffconcat version 1.0\nfile '/etc/passwd'\n"],
  ])('names a playlist as what it is, and reads nothing that it names: %s', async (name, text) => {
    await using bot = await createTestBot({ media });
    expect(await bot.ask('', { files: [{ name, bytes: Buffer.from(text) }] })).toContain(
      `${name}: This is text, not a picture`,
    );
  });
});

describe('a bot whose pictures are checked by something that takes pictures only', () => {
  it('refuses documents as it did', async () => {
    const { service } = await makeBot();
    const { id } = await service.createConversation();
    const sent = collect(service.send(id, { text: '', pictures: [{ bytes: pages(1) }] }));
    await expect(sent).rejects.toMatchObject({ code: 'picture.notAnImage' });
  });
});
