import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBot, openSqliteStore } from '@vistazo/core';
import { type Script, ScriptedModel } from '@vistazo/core/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FakeGateway } from './fake-gateway.ts';
import { Twin } from './twin-fixture.ts';

/** A whole bot with the real client of discord.js; what is said is said on the twin and told by the fake. */
async function startBot(scripts: (Script | string)[], options?: { heartbeatMs: number }) {
  const twin = await Twin.start();
  onTestFinished(() => twin.stop());
  const gateway = await FakeGateway.before(twin, options);
  onTestFinished(() => gateway.close());
  const folder = await mkdtemp(join(tmpdir(), 'vistazo-gateway-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const store = await openSqliteStore({ path: join(folder, 'bot.sqlite') });
  const model = new ScriptedModel(scripts);
  const adapters = [twin.newAdapter()];
  const log = { level: 'silent' } as const;
  const bot = createBot({ model, store, adapters, log, limits: { pollMs: 20 } });
  await bot.start();
  onTestFinished(async () => {
    await bot.stop({ drainMs: 0 });
    await store.close();
  });
  const idle = () => vi.waitFor(async () => expect(await store.jobs.countOpen()).toBe(0), 20_000);
  return { twin, gateway, model, idle };
}

function untilSaid(twin: Twin, messageId: string, texts: string[]): Promise<void> {
  return vi.waitFor(
    async () => {
      const replies = await twin.repliesTo(messageId);
      expect(replies.map(({ content }) => content)).toEqual(texts);
    },
    { timeout: 30_000, interval: 50 },
  );
}

/** Looks for messages that came after one that is known. */
const catchUps = ({ front }: Twin) =>
  front.calls.filter(({ method, path }) => method === 'GET' && /[?&]after=/.test(path));

describe('a whole bot on a fake gateway of our own, which is no Discord', () => {
  it('resumes when the connection drops in the middle of an answer, and misses nothing said meanwhile', async () => {
    const { promise: gate, resolve: goOn } = Promise.withResolvers<void>();
    const { twin, gateway, model, idle } = await startBot([
      { pieces: ['It is', ' red.'], gate },
      'A square.',
      'A circle.',
    ]);
    const first = await twin.ask('Which colour?');
    await untilSaid(twin, first, ['It is']);
    const meanwhile: string[] = [];
    await gateway.whileDown(async () => {
      meanwhile.push(await twin.ask('Which form?'), await twin.ask('And this?', { by: twin.ben }));
    });
    await vi.waitFor(() => expect(gateway.counts.resumed).toBe(1), 20_000);
    goOn();
    await untilSaid(twin, first, ['It is red.']);
    await untilSaid(twin, meanwhile[0] ?? '', ['A square.']);
    await untilSaid(twin, meanwhile[1] ?? '', ['A circle.']);
    await idle();
    expect(model.prompts).toHaveLength(3);
    expect(gateway.counts).toEqual({ identified: 1, resumed: 1, invalid: 0 });
    expect(catchUps(twin)).toEqual([]);
  });

  it('follows a deletion that it is told of when it resumes', async () => {
    const { twin, gateway, idle } = await startBot(['Red.', 'A square.']);
    const first = await twin.ask('Which colour?');
    await untilSaid(twin, first, ['Red.']);
    await idle();
    await gateway.whileDown(() =>
      twin.digital.channel(twin.channelId).user(twin.ana).deleteMessage({ messageId: first }),
    );
    await untilSaid(twin, first, []);
    expect(gateway.counts).toEqual({ identified: 1, resumed: 1, invalid: 0 });
  });

  it('resumes when it is asked to connect anew', async () => {
    const { twin, gateway } = await startBot(['Red.']);
    gateway.askToReconnect();
    await vi.waitFor(() => expect(gateway.counts.resumed).toBe(1), 20_000);
    await untilSaid(twin, await twin.ask('Which colour?'), ['Red.']);
    expect(gateway.counts).toEqual({ identified: 1, resumed: 1, invalid: 0 });
  });

  it('resumes when nobody acknowledges its heartbeats any more, and misses nothing said meanwhile', async () => {
    const { twin, gateway } = await startBot(['Red.'], { heartbeatMs: 500 });
    gateway.fallSilent();
    await untilSaid(twin, await twin.ask('Which colour?'), ['Red.']);
    expect(gateway.counts).toEqual({ identified: 1, resumed: 1, invalid: 0 });
  });

  it.each<[string, (gateway: FakeGateway, say: () => Promise<void>) => Promise<void>]>([
    [
      'cannot be resumed',
      (gateway, say) =>
        gateway.whileDown(async () => {
          gateway.forgetSessions();
          await say();
        }),
    ],
    [
      'ends in the middle',
      async (gateway, say) => {
        gateway.forgetSessions();
        await say();
        gateway.invalidateSessions();
      },
    ],
  ])(
    'identifies anew when its session %s, and looks over REST for what was said meanwhile',
    async (_, end) => {
      const { twin, gateway, model, idle } = await startBot(['Red.', 'A square.', 'A circle.']);
      await untilSaid(twin, await twin.ask('Which colour?'), ['Red.']);
      await idle();
      let meanwhile = '';
      await end(gateway, async () => {
        meanwhile = await twin.ask('Which form?');
      });
      await untilSaid(twin, meanwhile, ['A square.']);
      await untilSaid(twin, await twin.ask('And this?'), ['A circle.']);
      await idle();
      expect(model.prompts).toHaveLength(3);
      expect(gateway.counts).toEqual({ identified: 2, resumed: 0, invalid: 1 });
      expect(catchUps(twin)).not.toEqual([]);
    },
  );
});
