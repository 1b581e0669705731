import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
// The built package: its child processes run built files.
import {
  type ChatService,
  createChatService,
  createLocalModel,
  openSqliteStore,
} from '../../../packages/core/dist/index.js';
import { ScriptedModel } from '../../../packages/core/src/testing/scripted-model.ts';
import { badPictures } from '../../bad-pictures.ts';
import { collect, pictureOf, temporaryFolder, transcript } from './bot-fixture.ts';

const nano = fileURLToPath(new URL('../../../packages/nano/model', import.meta.url));

describe('the service with its own media process', () => {
  async function openService(): Promise<ChatService> {
    const store = await openSqliteStore({ path: join(await temporaryFolder(), 'chat.sqlite') });
    const model = new ScriptedModel();
    const service = await createChatService({ model, store });
    onTestFinished(async () => {
      await service.close();
      await store.close();
    });
    return service;
  }

  it('keeps the pixels of a picture, turned as people see it, and nothing of its metadata', async () => {
    const service = await openService();
    const { id } = await service.createConversation();
    const upright = sharp(await pictureOf(200)).withMetadata({ orientation: 6 });
    const bytes = await upright
      .withExif({ IFD0: { Artist: 'Ana Secret' } })
      .jpeg()
      .toBuffer();
    expect(bytes.includes('Ana Secret')).toBe(true);
    await collect(service.send(id, { text: 'What?', pictures: [{ bytes }] }));
    const [picture] = (await service.getConversation(id)).messages[0]?.pictures ?? [];
    if (picture === undefined) throw new Error('no picture');
    expect(picture).toMatchObject({ widthPx: 3, heightPx: 2 });
    const stored = await service.picture(picture.id);
    expect(stored.mediaType).toBe('image/png');
    expect(Buffer.from(stored.bytes).includes('Ana Secret')).toBe(false);
  });

  it.each(badPictures)(
    'refuses $what in one sentence and answers the next message',
    async ({ make, code, sentence }) => {
      const bytes = await make();
      const service = await openService();
      const { id } = await service.createConversation();
      await expect(
        collect(service.send(id, { text: 'What?', pictures: [{ bytes }] })),
      ).rejects.toMatchObject({ name: 'VistazoError', code, message: sentence });
      await collect(service.send(id, { text: 'Hello?' }));
      expect(await transcript(service, id)).toEqual(['user: Hello?', 'assistant: Yes.']);
    },
  );
});

describe.skipIf(!existsSync(join(nano, 'config.json')))(
  'the service with the embedded model (needs packages/nano/model)',
  () => {
    it('answers about a photograph whose stored copy has more bytes than may be posted, and goes on', async () => {
      const store = await openSqliteStore({ path: join(await temporaryFolder(), 'chat.sqlite') });
      const model = await createLocalModel({
        model: nano,
      });
      const service = await createChatService({ model, store, generation: { maxNewTokens: 4 } });
      onTestFinished(async () => {
        await service.close();
        await model.close();
        await store.close();
      });
      const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const;
      const bytes = await sharp({
        create: { width: 4000, height: 3000, channels: 3, background: 'white', noise },
      })
        .jpeg()
        .toBuffer();
      const { id } = await service.createConversation();
      for (const message of [{ text: 'What is it?', pictures: [{ bytes }] }, { text: 'Sure?' }]) {
        expect((await collect(service.send(id, message))).at(-1)).toMatchObject({ type: 'end' });
      }
      const { messages } = await service.getConversation(id);
      const [picture] = messages[0]?.pictures ?? [];
      expect(picture && (await service.picture(picture.id)).bytes.byteLength).toBeGreaterThan(
        25 * 2 ** 20,
      );
      expect(messages.map(({ status }) => status)).toEqual(['done', 'done', 'done', 'done']);
      expect(messages[3]?.seen?.usage?.reusedTokens).toBeGreaterThan(0);
      // A photograph of this size keeps a busy machine occupied.
    }, 300_000);
  },
);
