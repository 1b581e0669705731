import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  definePlugin,
  openSqliteStore,
  type PlatformEvent,
  VistazoError,
} from '../../../packages/core/src/index.ts';
import { createTestBot, MemoryAdapter } from '../../../packages/core/src/testing/index.ts';
import { anyText } from '../../any-text.ts';
import { collectSpans, contentsOf } from './collect-spans.ts';
import { Lines } from './telemetry-fixture.ts';

const marker = 'zqxmarker';

/** What people, platforms, plugins and models may say, with something that must not come out. */
const secret = fc.oneof(
  fc.tuple(fc.string(), anyText()).map(([a, b]) => `${a}${marker}${b}`),
  fc.constantFrom(
    `\n    at ${marker} (file:///srv/${marker}.js:1:2)`,
    `"},{"level":30,"msg":"${marker}`,
    `https://${marker}:${marker}@files.example/a.png?token=${marker}`,
    marker.toUpperCase(),
  ),
);
const address = secret.map((said) => `https://files.example/${encodeURIComponent(said)}`);

/** An error that says it wherever an error can. */
function faultOf(said: string): Error {
  const told = { code: said, status: said, retryAfterMs: said, name: said, [said]: said };
  return Object.assign(new Error(said, { cause: new Error(said) }), told);
}

/** As from a plugin that is not checked by a compiler. */
function oddFaultOf(said: string): VistazoError {
  const error = new VistazoError('plugin.failed', said, {
    picture: { number: 1, total: 1, name: said },
  });
  return Object.assign(error, { code: said });
}

/** One failure of everything that can fail. */
async function runBot(said: string, url: string) {
  const lines = new Lines();
  const adapter = new MemoryAdapter();
  const store = await openSqliteStore({ path: ':memory:' });
  const { jobs } = store;
  const lease = jobs.lease.bind(jobs);
  const accept = jobs.accept.bind(jobs);
  jobs.lease = async () => {
    jobs.lease = lease;
    throw faultOf(said);
  };
  const faulty = definePlugin({
    name: 'faulty',
    version: '1.0.0',
    config: z.object({ word: z.string() }),
    setup({ onMessage, onAnswer, onStart }) {
      onStart(async () => () => Promise.reject(faultOf(said)));
      onMessage(() => Promise.reject(oddFaultOf(said)));
      onAnswer(() => Promise.reject(faultOf(said)));
    },
  });
  const broken = definePlugin({
    name: 'broken',
    version: said,
    config: z.object({}),
    setup: () => Promise.reject(faultOf(said)),
  });
  const error = new VistazoError('endpoint.failed', said, { cause: faultOf(said) });
  const bot = await createTestBot({
    adapter,
    store,
    answers: [{ pieces: [said], error }, { pieces: [said, said] }],
    plugins: [faulty({ word: said }), broken({})],
    onPluginFault: () => {},
    media: {
      normalise: () =>
        Promise.reject(new VistazoError('picture.corrupt', said, { cause: faultOf(said) })),
    },
    systemMessage: said,
    generation: { stopStrings: [said] },
    log: { level: 'debug', destination: lines },
    limits: { pollMs: 10, maxTextLength: 5000 },
  });
  const post = adapter.post.bind(adapter);
  adapter.post = async (reply, options) => {
    if (reply.conversationKey === 'failing') throw faultOf(said);
    return post(reply, options);
  };
  adapter.beforeCall = (call) => {
    if (call === 'fetch') throw new VistazoError('fetch.failed', said, { cause: faultOf(said) });
    if (call === 'remove') throw faultOf(said);
  };
  const event = {
    type: 'message' as const,
    tenant: 'tenant',
    author: { id: said.slice(0, 500), name: said },
    postedAtMs: 1,
    text: `Look: ${said} ${url}`,
    attachments: [{ url, name: said }],
  };
  const about = (conversationKey: string, messageId: string) => ({
    ...event,
    conversationKey,
    messageId,
    eventId: `${marker} ${messageId}`,
  });
  const first = { ...about('one', 'm1'), attachments: [] };
  await adapter.deliver(first);
  await lines.one('answered');
  await adapter.say('', { conversationKey: 'two', pictures: [Buffer.from(said)] });
  await adapter.deliver(about('failing', 'm3'));
  await adapter.deliver({ ...about('four', 'm4'), text: said.padEnd(6000), attachments: [] });
  await lines.one('job postponed');
  await lines.one('message refused');
  await adapter.deliver({ ...first, type: 'edited', eventId: 'e1' });
  await adapter.deliver({ ...first, type: 'deleted', eventId: 'e2' });
  await vi.waitFor(() => expect(lines.all.map(({ call }) => call)).toContain('remove'));
  await expect(
    adapter.deliver({ ...event, type: said } as unknown as PlatformEvent),
  ).rejects.toThrow();
  jobs.accept = () => Promise.reject(faultOf(said));
  await expect(adapter.deliver(about('five', 'm5'))).rejects.toThrow();
  jobs.accept = accept;
  const answers = await Promise.all(
    ['/metrics', '/readyz', `/${encodeURIComponent(said)}`].map(async (path) =>
      (await bot.fetch(new Request(`http://localhost${path}`))).text(),
    ),
  );
  await bot.close();
  return { lines, answers };
}

it('nothing that people, files, platforms, plugins and models say comes into log, metrics or spans', async () => {
  const spans = collectSpans();
  await fc.assert(
    fc.asyncProperty(secret, address, async (said, url) => {
      spans.reset();
      const { lines, answers } = await runBot(said, url);
      expect(lines.all.map(({ msg }) => msg)).toEqual(
        expect.arrayContaining([
          'answered',
          'event invalid',
          'event not stored',
          'generation failed',
          'job postponed',
          'message refused',
          'picture refused',
          'platform failed',
          'plugin failed',
          'prefetch failed',
          'store failed',
        ]),
      );
      const names = new Set(spans.getFinishedSpans().map(({ name }) => name));
      expect(names.size).toBe(6);
      const told = [...lines.texts, ...answers, ...spans.getFinishedSpans().map(contentsOf)];
      expect(told.filter((each) => each.toLowerCase().includes(marker))).toEqual([]);
    }),
    { numRuns: 15 },
  );
});
