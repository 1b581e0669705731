import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BotLimits, createBot, openSqliteStore } from '@vistazo/core';
import { type Script, ScriptedModel } from '@vistazo/core/testing';
import { expect, onTestFinished, vi } from 'vitest';
import { Twin } from './twin-fixture.ts';

/** For as long as the test runs. */
export async function newTwin(): Promise<Twin> {
  const twin = await Twin.start();
  onTestFinished(() => twin.stop());
  return twin;
}

/** Of a database. */
export async function newPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vistazo-away-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'bot.sqlite');
}

/** A whole bot on the twin, for as long as the test runs; the model is scripted. */
export async function startBot(
  twin: Twin,
  path: string,
  scripts: (Script | string)[] = [],
  { limits, ...options }: Parameters<Twin['newAdapter']>[0] & { limits?: BotLimits } = {},
) {
  const model = new ScriptedModel(scripts);
  const store = await openSqliteStore({ path });
  const notices: string[] = [];
  const adapters = [twin.newAdapter({ ...options, notify: (notice) => notices.push(notice) })];
  const log = { level: 'silent' } as const;
  const bot = createBot({ model, store, adapters, log, limits: { pollMs: 20, ...limits } });
  await bot.start();
  let isStopped = false;
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    await bot.stop({ drainMs: 0 });
    await store.close();
  };
  onTestFinished(stop);
  const idle = () => vi.waitFor(async () => expect(await store.jobs.countOpen()).toBe(0), 20_000);
  return { model, store, notices, idle, stop };
}

/** Resolves when the bot's replies to a message are these. */
export function untilSaid(twin: Twin, messageId: string, texts: string[]): Promise<void> {
  return vi.waitFor(
    async () => {
      const replies = await twin.repliesTo(messageId);
      expect(replies.map(({ content }) => content)).toEqual(texts);
    },
    { timeout: 20_000, interval: 50 },
  );
}
