import { onTestFinished, vi } from 'vitest';
import { VistazoError } from '../../../packages/core/src/index.ts';
import {
  createTestBot,
  type TestBot,
  type TestBotOptions,
} from '../../../packages/core/src/testing/index.ts';
import { sharpMedia } from '../bot/bot-fixture.ts';

/** A line of a log, parsed. */
export type Line = Record<string, unknown> & { msg: string };

/** Keeps the lines of a log. */
export class Lines {
  readonly texts: string[] = [];

  write(line: string): void {
    this.texts.push(line);
  }

  /** The first one of these words, once it is there. */
  async one(msg: string): Promise<Line> {
    const find = () => this.all.find((line) => line.msg === msg);
    await vi.waitFor(() => {
      if (find() === undefined) throw new Error(`No line says ${JSON.stringify(msg)} yet.`);
    }, 20_000);
    return find() as Line;
  }

  get all(): Line[] {
    return this.texts.map((text) => JSON.parse(text));
  }
}

/** A bot in memory that logs everything, closed after the test. */
export async function startLoggingBot(
  options: TestBotOptions = {},
): Promise<{ bot: TestBot; lines: Lines }> {
  const lines = new Lines();
  const bot = await createTestBot({
    log: { level: 'debug', destination: lines },
    media: sharpMedia,
    // Its tokens would be counted.
    dataRule: null,
    onPluginFault: () => {},
    ...options,
    limits: { pollMs: 20, ...options.limits },
  });
  onTestFinished(() => bot.close());
  return { bot, lines };
}

/** Fails the first of these calls of the platform. */
export function failOnce(bot: TestBot, call: 'post' | 'edit' | 'fetch', error: Error): void {
  let failed = false;
  bot.adapter.beforeCall = (each) => {
    if (each !== call || failed) return;
    failed = true;
    throw error;
  };
}

/** What a platform that is away fails with. */
export function unreachable(): Error {
  const cause = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  return new VistazoError('fetch.failed', 'The platform is away.', { cause });
}
