import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { definePlugin, VistazoError } from '../../../packages/core/src/index.ts';
import type { TestBot } from '../../../packages/core/src/testing/index.ts';
import { pictureOf } from '../bot/bot-fixture.ts';
import { failOnce, startLoggingBot, unreachable } from './telemetry-fixture.ts';

/** Values by the name and labels that Prometheus knows them by. */
async function valuesOf(bot: TestBot): Promise<Map<string, number>> {
  const lines = (await bot.metrics()).split('\n').filter((line) => /^[a-z]/.test(line));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

/** Once so many attempts have ended, which is just after their answers are stored. */
async function valuesAfter(turns: number, bot: TestBot): Promise<Map<string, number>> {
  return vi.waitFor(async () => {
    const values = await valuesOf(bot);
    const ended = [...values].filter(([name]) => name.startsWith('vistazo_turn_seconds_count'));
    expect(ended.reduce((sum, [, count]) => sum + count, 0)).toBe(turns);
    expect(values.get('vistazo_jobs_running')).toBe(0);
    return values;
  }, 20_000);
}

describe('the metrics of a bot', () => {
  it('count what came, what was answered and what it took', async () => {
    const { bot } = await startLoggingBot({ answers: ['Red.', 'Blue or green.'] });
    bot.adapter.capabilities.editMessages = false;
    const pictures = [await pictureOf(255), Buffer.from('no picture')];
    await bot.ask('Which colour?', { pictures });
    const event = await bot.adapter.say('And this?');
    await bot.adapter.deliver(event);
    await bot.idle();
    const values = await valuesAfter(2, bot);
    expect(Object.fromEntries(values)).toMatchObject({
      'vistazo_events_total{adapter="memory",type="message",result="accepted"}': 2,
      'vistazo_events_total{adapter="memory",type="message",result="known"}': 1,
      'vistazo_job_wait_seconds_count{adapter="memory"}': 2,
      'vistazo_turn_seconds_count{adapter="memory",outcome="answered"}': 2,
      'vistazo_first_text_seconds_count{adapter="memory"}': 2,
      'vistazo_tokens_total{type="prompt"}': 61 + 68,
      'vistazo_tokens_total{type="answer"}': 2,
      vistazo_model_seconds_total: 0.008,
      'vistazo_pictures_total{result="taken"}': 1,
      'vistazo_pictures_total{result="picture.notAnImage"}': 1,
      'vistazo_platform_calls_total{adapter="memory",call="post",result="done"}': 2,
      vistazo_jobs_open: 0,
      vistazo_store_failures_total: 0,
    });
    expect(values.get('process_resident_memory_bytes')).toBeGreaterThan(10 ** 7);
    expect(values.get('vistazo_event_loop_delay_seconds{quantile="0.99"}')).toBeGreaterThanOrEqual(
      0,
    );
  });

  it('count what failed', async () => {
    const faulty = definePlugin({
      name: 'faulty',
      version: '1.0.0',
      config: z.object({}),
      setup: ({ onMessage }) => onMessage(() => Promise.reject(new Error('of itself'))),
    });
    const error = new VistazoError('endpoint.failed', 'The server is busy.');
    const { bot } = await startLoggingBot({
      plugins: [faulty({})],
      answers: [{ pieces: ['So'], error }],
    });
    bot.adapter.capabilities.editMessages = false;
    failOnce(bot, 'post', unreachable());
    await bot.ask('Why?');
    await expect(
      bot.adapter.deliver({ ...(await bot.adapter.say('a')), tenant: '' }),
    ).rejects.toThrow();
    const values = await valuesAfter(3, bot);
    expect(Object.fromEntries(values)).toMatchObject({
      'vistazo_events_total{adapter="memory",type="unknown",result="invalid"}': 1,
      'vistazo_generation_failures_total{code="endpoint.failed"}': 1,
      'vistazo_platform_calls_total{adapter="memory",call="post",result="failed"}': 1,
      'vistazo_plugin_faults_total{plugin="faulty"}': 2,
      'vistazo_turn_seconds_count{adapter="memory",outcome="postponed"}': 1,
      'vistazo_job_wait_seconds_count{adapter="memory"}': 2,
    });
  });

  it('tell how many messages are open, as long as the store says it', async () => {
    const { bot } = await startLoggingBot({ limits: { maxConcurrentAnswers: 0 } });
    await bot.adapter.say('One?');
    await bot.adapter.say('Two?');
    expect((await valuesOf(bot)).get('vistazo_jobs_open')).toBe(2);
    await bot.store.close();
    const values = await valuesOf(bot);
    expect(values.get('vistazo_jobs_open')).toBeNaN();
    expect(
      values.get('vistazo_events_total{adapter="memory",type="message",result="accepted"}'),
    ).toBe(2);
  });

  it('do not grow with tenants, people, conversations and messages', async () => {
    const { bot } = await startLoggingBot();
    await bot.ask('Hello?');
    const before = [...(await valuesAfter(1, bot)).keys()];
    for (let number = 1; number <= 10; number++) {
      await bot.ask(`Hello ${number}?`, {
        tenant: `tenant ${number}`,
        conversationKey: `conversation ${number}`,
        author: { id: `person ${number}`, name: `Person ${number}` },
      });
    }
    expect([...(await valuesAfter(11, bot)).keys()]).toEqual(before);
  });

  it('are all documented', async () => {
    const { bot } = await startLoggingBot();
    const made = [...(await bot.metrics()).matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name);
    const guide = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
    const told = [...guide.matchAll(/^\| `(vistazo_\w+|process_\w+)/gm)].map(([, name]) => name);
    expect(told.toSorted()).toEqual(made.toSorted());
  });

  it('are those of one bot alone', async () => {
    const { bot } = await startLoggingBot();
    const { bot: other } = await startLoggingBot();
    await bot.ask('Hello?');
    await valuesAfter(1, bot);
    expect([...(await valuesOf(other)).keys()].join()).not.toContain('vistazo_events_total{');
  });
});
