import { expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import type { VisionLanguageModel } from '../../../packages/core/src/backend/vision-language-model.ts';
import { cacheScopeOf } from '../../../packages/core/src/bot/cache-scope.ts';
import { CachedNormaliser } from '../../../packages/core/src/bot/cached-normaliser.ts';
import { createBot } from '../../../packages/core/src/bot/create-bot.ts';
import { definePlugin } from '../../../packages/core/src/plugin/define-plugin.ts';
import { openSqliteStore } from '../../../packages/core/src/store/sqlite/open-sqlite-store.ts';
import { MemoryAdapter } from '../../../packages/core/src/testing/memory-adapter.ts';
import { ScriptedModel } from '../../../packages/core/src/testing/scripted-model.ts';
import { pictureOf, sharpMedia, temporaryFolder } from '../bot/bot-fixture.ts';
import { adapters, expectOwn, markOf, tenancies } from './marks.ts';
import { Random } from './random.ts';

const seed = Number(process.env.TENANTS_SEED ?? Math.floor(Math.random() * 2 ** 32));
const rounds = 8;

/** Answers with the marks of all that it was told, so that everybody sees what it should not. */
class TellingModel implements VisionLanguageModel {
  readonly #model = new ScriptedModel();
  readonly info = this.#model.info;
  /** What it was asked in which scope. */
  readonly asked: [cacheScope: string | undefined, prompt: string][] = [];

  countTokens(...[messages]: Parameters<VisionLanguageModel['countTokens']>) {
    return this.#model.countTokens(messages);
  }

  generate(...[messages, options]: Parameters<VisionLanguageModel['generate']>) {
    const prompt = JSON.stringify(messages);
    this.asked.push([options?.cacheScope, prompt]);
    const marks = new Set(prompt.match(/mark-[0-9a-f]{16}/g));
    this.#model.say(`I was told of ${[...marks].join(' ')}`);
    return this.#model.generate(messages, options);
  }

  async close() {}
}

/** Keeps what was said last, under the same key everywhere, and says it the next time. */
const remembering = definePlugin({
  name: 'remembering',
  version: '1.0.0',
  config: z.object({}),
  setup({ onMessage }) {
    onMessage(async ({ text, instructions, storage }, next) => {
      const before = await storage.get('last');
      if (typeof before === 'string') instructions.push(`Before it was said: ${before}`);
      await storage.set('last', text);
      await next();
    });
  },
});

it(`a whole bot tells no tenant anything of another one (TENANTS_SEED=${seed})`, async () => {
  const random = new Random(seed);
  const store = await openSqliteStore({ path: `${await temporaryFolder()}/bot.sqlite` });
  const model = new TellingModel();
  const platforms = adapters.map((name) => new MemoryAdapter({ name, maxTextLength: 100_000 }));
  const bot = createBot({
    model,
    store,
    adapters: platforms,
    plugins: [remembering({})],
    media: new CachedNormaliser(sharpMedia),
    log: { level: 'silent' },
    limits: {
      perPerson: null,
      perTenant: null,
      modelSecondsPerPerson: null,
      modelSecondsPerTenant: null,
    },
  });
  onTestFinished(async () => {
    await bot.stop({ drainMs: 0 });
    await store.close();
  });
  await bot.start();
  const picture = await pictureOf(255);

  for (let round = 1; round <= rounds; round += 1) {
    const said = tenancies.map(async ({ adapter, tenant, mark }) => {
      const platform = platforms.find(({ name }) => name === adapter);
      await platform?.say(`${mark} asks ${round}`, {
        tenant,
        // The same for all of them.
        messageId: `message ${round}`,
        conversationKey: random.pick(['general', 'random']),
        pictures: random.chance(0.3) ? [picture] : [],
      });
    });
    await Promise.all(said);
    await vi.waitFor(async () => expect(await store.jobs.countOpen()).toBe(0), 30_000);
  }

  for (const { adapter, tenant, mark } of tenancies) {
    const platform = platforms.find(({ name }) => name === adapter);
    const posts = platform?.posts.filter((post) => post.tenant === tenant) ?? [];
    expect(posts).toHaveLength(rounds);
    const marks = posts.flatMap(({ text }) => text.match(/mark-[0-9a-f]{16}/g) ?? []);
    // Of the questions themselves, and of what plugin and conversation remember.
    expect(marks.length).toBeGreaterThan(rounds);
    // Plugins keep for a tenant, whichever the platform.
    const twins = adapters.map((name) => markOf(name, tenant));
    expect(marks.filter((each) => !twins.includes(each))).toEqual([]);
    const scope = cacheScopeOf({ adapter, tenant });
    const asked = model.asked.filter(([cacheScope]) => cacheScope === scope);
    expect(asked).toHaveLength(rounds);
    for (const [, prompt] of asked) expect(prompt).toContain(mark);
    const conversations = await store.forTenant(tenant).listConversations();
    for (const { id } of conversations) {
      const messages = await store.forTenant(tenant).messagesOf(id);
      const owner = JSON.stringify(messages).match(/mark-[0-9a-f]{16} asks/)?.[0] ?? '';
      expectOwn(
        messages.filter(({ role }) => role === 'user'),
        owner.replace(' asks', ''),
      );
    }
  }
});
