import { MediaProcess } from '@vistazo/core';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ReceivedFile } from '../../../packages/core/src/adapter/adapter.ts';
import type { PlatformEvent } from '../../../packages/core/src/adapter/platform-event.ts';
import {
  type ChatPlatform,
  createChatPlatform,
} from '../../../packages/core/src/bot/chat-platform.ts';
import { createBot } from '../../../packages/core/src/bot/create-bot.ts';
import { derivedUuid } from '../../../packages/core/src/bot/derived-id.ts';
import type { PictureNormaliser } from '../../../packages/core/src/bot/new-pictures.ts';
import { textOf } from '../../../packages/core/src/conversation/message.ts';
import { openSqliteStore } from '../../../packages/core/src/store/sqlite/open-sqlite-store.ts';
import type { Store } from '../../../packages/core/src/store/store.ts';
import {
  type AdapterFixture,
  adapterContract,
} from '../../../packages/core/src/testing/adapter-contract.ts';
import { ScriptedModel } from '../../../packages/core/src/testing/scripted-model.ts';
import { pdf } from '../media/pdf-files.ts';
import { plugin } from '../plugin/plugin-fixture.ts';

/** Takes any bytes for a picture. */
const media = {
  normalise: async (bytes: Uint8Array) => ({
    bytes,
    mediaType: 'image/png',
    widthPx: 1,
    heightPx: 1,
  }),
};

async function newPlatform(
  checks: PictureNormaliser = media,
): Promise<{ store: Store; platform: ChatPlatform }> {
  const store = await openSqliteStore({ path: ':memory:' });
  onTestFinished(() => store.close());
  const { info } = new ScriptedModel();
  return { store, platform: createChatPlatform({ model: info, store, media: checks }) };
}

/** What a conversation of a place says, in order. */
async function textsIn(store: Store, conversationKey: string): Promise<string[]> {
  const own = conversationKey.replace(/^conversation:/, '');
  const records = await store.listConversations();
  const record = records.find(({ id, title }) => id === own || title === conversationKey);
  return record === undefined ? [] : (await store.messagesOf(record.id)).map(textOf);
}

/** People write in the chat; a trial of the contract stands in for the bot. */
async function newFixture(): Promise<AdapterFixture> {
  const { store, platform } = await newPlatform();
  const { service, adapter } = platform;
  const { id } = await service.createConversation();
  const handed: [PlatformEvent, readonly ReceivedFile[] | undefined][] = [];
  const start = adapter.start.bind(adapter);
  adapter.start = (host) =>
    start({
      ...host,
      receive: (event, files) => {
        handed.push([event, files]);
        return host.receive(event, files);
      },
    });
  let redeliver: AdapterFixture['redeliver'] = async () => {};
  return {
    adapter: {
      ...proxied(adapter),
      start: async (host) => {
        await adapter.start(host);
        redeliver = async (messageId) => {
          const [event, files] = handed.find(([each]) => each.messageId === messageId) ?? [];
          if (event !== undefined) await host.receive(event, files);
        };
      },
    },
    async post(text, pictures = []) {
      const before = handed.length;
      void service
        .send(id, { text, pictures: pictures.map((bytes) => ({ bytes })) })
        [Symbol.asyncIterator]()
        .next()
        .catch(() => {});
      await vi.waitFor(() => expect(handed.length).toBeGreaterThan(before));
      return handed.at(-1)?.[0].messageId ?? '';
    },
    redeliver: (messageId) => redeliver(messageId),
    stop: async () => void service.stop(id).catch(() => {}),
    announcements: (conversationKey) => textsIn(store, conversationKey),
    answers: async () => [],
  };
}

function proxied(adapter: ChatPlatform['adapter']): ChatPlatform['adapter'] {
  const { name, capabilities } = adapter;
  return {
    name,
    capabilities,
    start: (host) => adapter.start(host),
    stop: () => adapter.stop(),
    post: (post, options) => adapter.post(post, options),
  };
}

describe('the chat of our own', () => {
  it.each(adapterContract)('$name', ({ run }) => run(newFixture));
});

describe('a file of which only a part is looked at', () => {
  it('is told of below the answer', async () => {
    const process = new MediaProcess();
    onTestFinished(() => process.close());
    const { store, platform } = await newPlatform(process);
    const bot = createBot({
      model: new ScriptedModel(['A report.']),
      store,
      media: platform.media,
      adapters: [platform.adapter],
      log: { level: 'silent' },
    });
    onTestFinished(() => bot.stop({ drainMs: 0 }));
    await bot.start();
    const { id } = await platform.service.createConversation();
    const bytes = pdf(Array.from({ length: 40 }, () => ({})));
    const pictures = [{ bytes, name: 'report.pdf' }];
    for await (const _ of platform.service.send(id, { text: 'What is it?', pictures }));
    const { messages } = await platform.service.getConversation(id);
    const note = 'report.pdf: pages 1 to 8 of 40 are looked at.';
    expect(messages.at(-1)?.text).toBe(`A report.\n\n${note}`);
  });
});

describe('what plugins announce in the chat of our own', () => {
  async function startBot() {
    const { store, platform } = await newPlatform();
    let announce: ((conversationKey: string, key: string) => Promise<void>) | undefined;
    const herald = plugin('herald', (context) => {
      announce = (conversationKey, key) =>
        context.announce({ adapter: 'chat', tenant: 'local', conversationKey, text: 'News!', key });
    });
    const bot = createBot({
      model: new ScriptedModel(['Yes.', 'Still yes.']),
      store,
      media,
      adapters: [platform.adapter],
      plugins: [herald],
      log: { level: 'silent' },
    });
    onTestFinished(() => bot.stop({ drainMs: 0 }));
    await bot.start();
    const tell = async (conversationKey: string, key: string) => {
      await announce?.(conversationKey, key);
      await vi.waitFor(async () => expect(await store.jobs.countOpen()).toBe(0), 5000);
    };
    return { store, platform, tell };
  }

  it('stands in the conversation, once for its key', async () => {
    const { store, platform, tell } = await startBot();
    const { id } = await platform.service.createConversation();
    for await (const _ of platform.service.send(id, { text: 'Well?' }));
    await tell(`conversation:${id}`, 'one');
    await tell(`conversation:${id}`, 'one');
    for await (const _ of platform.service.send(id, { text: 'And now?' }));
    const said = ['Well?', 'Yes.', 'News!', 'And now?', 'Still yes.'];
    expect(await textsIn(store, `conversation:${id}`)).toEqual(said);
    const { messages } = await platform.service.getConversation(id);
    expect(messages.map(({ text }) => text)).toEqual(said);
  });

  it('begins a conversation where the place is another one', async () => {
    const { store, tell } = await startBot();
    await tell('mail-team', 'one');
    await tell('mail-team', 'two');
    expect(await textsIn(store, 'mail-team')).toEqual(['News!', 'News!']);
  });

  it('is given up where the conversation was deleted', async () => {
    const { store, tell } = await startBot();
    await tell(`conversation:${derivedUuid('gone')}`, 'one');
    expect(await store.listConversations()).toEqual([]);
  });
});
