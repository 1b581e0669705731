import { describe, expect, it, vi } from 'vitest';
import type { ReplyPost, WriteOptions } from '../../../packages/core/src/adapter/adapter.ts';
import { deliveryFailure, retryDelayMs } from '../../../packages/core/src/bot/delivery-bounds.ts';
import { VistazoError } from '../../../packages/core/src/errors.ts';
import type { Job } from '../../../packages/core/src/store/job-store.ts';
import { openSqliteStore } from '../../../packages/core/src/store/sqlite/open-sqlite-store.ts';
import { createTestBot } from '../../../packages/core/src/testing/create-test-bot.ts';
import { MemoryAdapter } from '../../../packages/core/src/testing/memory-adapter.ts';

const sentence =
  'I have an answer, but it cannot be posted here: it is refused. Please ask in other words.';
const refused = () => new VistazoError('platform.refused', 'It is blocked.');
const failed = () => new VistazoError('platform.failed', 'Not now.');

/** A platform that fails with an error where a post or change has a word in it. */
class PickyAdapter extends MemoryAdapter {
  calls = 0;

  constructor(
    private readonly word: string,
    private readonly failure: () => VistazoError,
    ...options: ConstructorParameters<typeof MemoryAdapter>
  ) {
    super(...options);
  }

  override async post(post: ReplyPost, ...options: [WriteOptions]): Promise<string> {
    this.#check(post.text);
    return super.post(post, ...options);
  }

  override async edit(
    ...[posted, text, options]: Parameters<MemoryAdapter['edit']>
  ): Promise<void> {
    this.#check(text);
    return super.edit(posted, text, options);
  }

  #check(text: string): void {
    if (!text.includes(this.word)) return;
    this.calls += 1;
    throw this.failure();
  }
}

describe('an answer that the platform refuses for good', () => {
  it('is told to its person in its place, and the channel goes on', async () => {
    const adapter = new PickyAdapter('badword', refused, { editMessages: false });
    await using bot = await createTestBot({ adapter, answers: ['It says badword.', 'Fine.'] });
    expect(await bot.ask('Read it.')).toBe(sentence);
    expect(await bot.ask('And this?')).toBe('Fine.');
    expect(adapter.calls).toBe(1);
    // Nobody saw it: it is nothing that the bot has said.
    expect(JSON.stringify(bot.model.prompts.at(-1))).not.toContain('badword');
  });

  it('takes back what was shown of it while it grew', async () => {
    const adapter = new PickyAdapter('badword', refused);
    const pieces = ['It says ', 'a badword.'];
    const gate = () => vi.waitFor(() => expect(adapter.posts).toHaveLength(1), 10_000);
    await using bot = await createTestBot({ adapter, answers: [{ pieces, gate }] });
    expect(await bot.ask('Read it.')).toBe(sentence);
    expect(adapter.posts.map(({ text }) => text)).toEqual([sentence]);
  });

  it('keeps the messages of a long answer that were taken', async () => {
    const adapter = new PickyAdapter('badword', refused, {
      editMessages: false,
      maxTextLength: 100,
    });
    const first = 'First. '.repeat(13).trim();
    await using bot = await createTestBot({ adapter, answers: [`${first}\n\nA badword.`] });
    await bot.ask('Read it.');
    expect(adapter.posts.map(({ text }) => text)).toEqual([first, sentence]);
  });

  it('is given up where the sentence is refused too', async () => {
    const adapter = new PickyAdapter('', refused, { editMessages: false });
    await using bot = await createTestBot({ adapter, answers: ['It says badword.'] });
    await adapter.say('Read it.');
    await bot.idle();
    expect(adapter.posts).toEqual([]);
    expect(adapter.calls).toBe(2);
  });
});

describe('an answer that the platform does not take', () => {
  /** A bot whose jobs were tried so often before. */
  async function botAfter(attempts: number, adapter: MemoryAdapter) {
    const store = await openSqliteStore({ path: ':memory:' });
    const lease = store.jobs.lease.bind(store.jobs);
    Object.assign(store.jobs, {
      async lease(...options: Parameters<typeof lease>): Promise<Job | undefined> {
        const job = await lease(...options);
        // What is tried so often has been answered before.
        return job && { ...job, attempts: job.replies.length > 0 ? attempts : job.attempts };
      },
    });
    return createTestBot({ adapter, store, answers: ['It says badword.', 'Fine.'] });
  }

  it('is given up after the last attempt, and the channel goes on', async () => {
    const adapter = new PickyAdapter('badword', failed, { editMessages: false });
    await using bot = await botAfter(60, adapter);
    await adapter.say('Read it.');
    await bot.idle();
    expect(adapter.calls).toBe(2);
    expect(await bot.ask('And this?')).toBe('Fine.');
  });

  it('is tried again before that, and posted when the platform is back', async () => {
    let isAway = true;
    const adapter = new MemoryAdapter({ editMessages: false });
    adapter.beforeCall = () => {
      if (!isAway) return;
      isAway = false;
      throw failed();
    };
    await using bot = await createTestBot({ adapter, answers: ['Fine.'] });
    expect(await bot.ask('Read it.')).toBe('Fine.');
  });

  const dayMs = 86_400_000;
  it.each<[string, { attempts: number; waitedMs: number | null }, boolean]>([
    ['59 attempts', { attempts: 59, waitedMs: dayMs - 1 }, false],
    ['60 attempts', { attempts: 60, waitedMs: 0 }, true],
    ['a day and ten attempts', { attempts: 10, waitedMs: dayMs }, true],
    ['a day in which the bot was away', { attempts: 2, waitedMs: 3 * dayMs }, false],
    ['a time that nobody knows', { attempts: 10, waitedMs: null }, false],
  ])('has a bound in attempts and age: %s', (_, job, isGivenUp) => {
    const reason = failed();
    const failure = deliveryFailure(job, reason);
    if (!isGivenUp) return expect(failure).toBe(reason);
    expect(failure).toMatchObject({ code: 'platform.refused', cause: reason });
  });

  it.each(['store.failed', 'job.lost', 'generation.aborted'] as const)(
    'is not given up for a failure of the bot itself: %s',
    (code) => {
      const reason = new VistazoError(code, 'No.');
      expect(deliveryFailure({ attempts: 100, waitedMs: 9 * dayMs }, reason)).toBe(reason);
    },
  );

  it('is tried for more than three hours, and never sooner than the platform asks', () => {
    const delays = Array.from({ length: 59 }, (_, index) =>
      retryDelayMs({ attempts: index + 1 }, failed()),
    );
    expect(delays.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(3 * 3_600_000);
    const asked = Object.assign(new Error('Wait.'), { retryAfterMs: 600_000 });
    expect(retryDelayMs({ attempts: 1 }, asked)).toBe(600_000);
  });
});
