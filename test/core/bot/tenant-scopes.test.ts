import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import type { VisionLanguageModel } from '../../../packages/core/src/backend/vision-language-model.ts';
import { cacheScopeOf } from '../../../packages/core/src/bot/cache-scope.ts';
import { createChatPlatform } from '../../../packages/core/src/bot/chat-platform.ts';
import { createBot } from '../../../packages/core/src/bot/create-bot.ts';
import { MeteredModel } from '../../../packages/core/src/bot/metered-model.ts';
import type { PictureNormaliser } from '../../../packages/core/src/bot/new-pictures.ts';
import { definePlugin } from '../../../packages/core/src/plugin/define-plugin.ts';
import { openSqliteStore } from '../../../packages/core/src/store/sqlite/open-sqlite-store.ts';
import { MemoryAdapter } from '../../../packages/core/src/testing/memory-adapter.ts';
import { ScriptedModel } from '../../../packages/core/src/testing/scripted-model.ts';
import { collect, pictureOf, sharpMedia, temporaryFolder } from './bot-fixture.ts';

/** Tells with which scope it was called for what. */
class ScopedModel implements VisionLanguageModel {
  readonly calls: [call: string, cacheScope: string | undefined][] = [];
  readonly #model = new ScriptedModel();
  readonly info = this.#model.info;

  countTokens(...[messages, options]: Parameters<VisionLanguageModel['countTokens']>) {
    this.calls.push(['count', options?.cacheScope]);
    return this.#model.countTokens(messages);
  }

  generate(...[messages, options]: Parameters<VisionLanguageModel['generate']>) {
    this.calls.push(['generate', options?.cacheScope]);
    return this.#model.generate(messages, options);
  }

  async close() {}
}

const asking = definePlugin({
  name: 'asking',
  version: '1.0.0',
  config: z.object({}),
  setup({ onMessage }) {
    onMessage(async ({ generate }, next) => {
      // What a plugin may not say, because it is the bot's business.
      const options: object = { cacheScope: 'of the plugin' };
      await generate({ prompt: 'Is it rude?', ...options });
      await next();
    });
  },
});

async function newStore() {
  const store = await openSqliteStore({ path: `${await temporaryFolder()}/bot.sqlite` });
  onTestFinished(() => store.close());
  return store;
}

describe('what a bot asks of its model', () => {
  it('is asked in the scope of the tenant, by the bot and by plugins, and so are its pictures checked', async () => {
    const model = new ScopedModel();
    const [one, two] = [new MemoryAdapter({ name: 'one' }), new MemoryAdapter({ name: 'two' })];
    const checked: (string | undefined)[] = [];
    const media: PictureNormaliser = {
      normalise(bytes, options) {
        checked.push(options?.cacheScope);
        return sharpMedia.normalise(bytes, options);
      },
    };
    const bot = createBot({
      model,
      store: await newStore(),
      adapters: [one, two],
      plugins: [asking({})],
      media,
      log: { level: 'silent' },
    });
    onTestFinished(() => bot.stop({ drainMs: 0 }));
    await bot.start();
    const places = [
      { adapter: one, tenant: 'a' },
      { adapter: one, tenant: 'b' },
      { adapter: two, tenant: 'a' },
    ];
    const pictures = [await pictureOf(255)];
    for (const { adapter, tenant } of places) {
      const scope = cacheScopeOf({ adapter: adapter.name, tenant });
      model.calls.length = 0;
      const { messageId } = await adapter.say('Which colour?', { tenant, pictures });
      await adapter.answerTo(messageId, (text) => text === 'Yes.');
      expect(model.calls.filter(([call]) => call === 'generate')).toHaveLength(2);
      expect(model.calls.length).toBeGreaterThan(2);
      expect(new Set(model.calls.map(([, cacheScope]) => cacheScope))).toEqual(new Set([scope]));
      expect(checked.splice(0)).toEqual([scope]);
    }
  });

  it('on the page of a tenant checks a picture once, before and at its turn', async () => {
    const scopes: string[] = [];
    let checks = 0;
    const media: PictureNormaliser = {
      normalise(bytes, options) {
        checks += 1;
        scopes.push(options?.cacheScope ?? '');
        return sharpMedia.normalise(bytes, options);
      },
    };
    const model = new ScopedModel();
    const store = await newStore();
    const tenant = 'house';
    const page = createChatPlatform({
      model: model.info,
      store: store.forTenant(tenant),
      media,
      tenant,
    });
    const log = { level: 'silent' } as const;
    const bot = createBot({ model, store, adapters: [page.adapter], media: page.media, log });
    onTestFinished(() => bot.stop({ drainMs: 0 }));
    await bot.start();
    const ask = async () => {
      const { id } = await page.service.createConversation();
      const pictures = [{ bytes: await pictureOf(0, 255) }];
      await collect(page.service.send(id, { text: 'Which colour?', pictures }));
    };
    await ask();
    const scope = cacheScopeOf({ adapter: page.adapter.name, tenant });
    expect(scopes).toEqual([scope]);
    await page.media.forget?.(scope);
    await ask();
    expect(checks).toBe(2);
  });

  it('is forgotten with its tenant on every platform, in other bots on the store too', async () => {
    const store = await newStore();
    const forgottenBy = async () => {
      const model = new ScriptedModel();
      const forgotten: string[] = [];
      const forget = async (scope: string) => void forgotten.push(scope);
      const bot = createBot({
        model,
        store,
        adapters: [new MemoryAdapter({ name: 'one' }), new MemoryAdapter({ name: 'two' })],
        media: { ...sharpMedia, forget },
        log: { level: 'silent' },
        limits: { pollMs: 20 },
      });
      onTestFinished(() => bot.stop({ drainMs: 0 }));
      await bot.start();
      return { bot, model, forgotten };
    };
    const [first, second] = [await forgottenBy(), await forgottenBy()];
    await first.bot.forget({ tenant: 'a' });
    const scopes = ['one', 'two'].map((adapter) => cacheScopeOf({ adapter, tenant: 'a' }));
    expect(first.model.forgotten).toEqual(scopes);
    expect(first.forgotten).toEqual(scopes);
    await vi.waitFor(() => expect(second.model.forgotten).toEqual(scopes));
    expect(second.forgotten).toEqual(scopes);
  });

  it('is forgotten through a model that is metered', async () => {
    const model = new ScriptedModel();
    await new MeteredModel(model).forget('a');
    expect(model.forgotten).toEqual(['a']);
  });
});

describe('the scope of a tenant', () => {
  it('is that of no other tenant', () => {
    const place = fc.record({ adapter: fc.string(), tenant: fc.string() });
    fc.assert(
      fc.property(place, place, (one, other) => {
        const isSame = one.adapter === other.adapter && one.tenant === other.tenant;
        expect(cacheScopeOf(one) === cacheScopeOf(other)).toBe(isSame);
      }),
    );
    const scopes = [
      { adapter: 'a', tenant: '","b' },
      { adapter: 'a","', tenant: 'b' },
    ].map(cacheScopeOf);
    expect(new Set(scopes).size).toBe(2);
  });
});
