import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { definePlugin, type LogOptions, VistazoError } from '../../../packages/core/src/index.ts';
import { createTestBot } from '../../../packages/core/src/testing/index.ts';
import { pictureOf } from '../bot/bot-fixture.ts';
import { failOnce, Lines, startLoggingBot, unreachable } from './telemetry-fixture.ts';

const place = {
  adapter: 'memory',
  tenant: 'tenant',
  conversationKey: 'general',
  messageId: 'm1',
};

describe('the log of a bot', () => {
  it('tells of each answer where it was and what it took', async () => {
    const { bot, lines } = await startLoggingBot({ answers: ['Red.'] });
    await bot.ask('Which colour?', { messageId: 'm1', pictures: [await pictureOf(255)] });
    expect(await lines.one('bot started')).toMatchObject({
      adapters: ['memory'],
      plugins: [],
      model: 'scripted',
    });
    expect(await lines.one('event accepted')).toMatchObject({ ...place, type: 'message' });
    expect(await lines.one('job leased')).toMatchObject({ ...place, jobId: 1, attempt: 1 });
    expect(await lines.one('answered')).toEqual({
      ...place,
      level: 30,
      time: expect.any(Number),
      pid: process.pid,
      hostname: expect.any(String),
      msg: 'answered',
      jobId: 1,
      attempt: 1,
      by: 'model',
      waitedMs: expect.any(Number),
      durationMs: expect.any(Number),
      firstTextMs: expect.any(Number),
      modelMs: 4,
      promptTokens: 55,
      answerTokens: 1,
      finishReason: 'endToken',
      pictures: 1,
      refusedPictures: 0,
    });
    await bot.close();
    expect(await lines.one('bot stopped')).toBeDefined();
  });

  it('tells which file could not be used by the reason alone', async () => {
    const { bot, lines } = await startLoggingBot();
    await bot.ask('Which colour?', { pictures: [Buffer.from('no picture')] });
    expect(await lines.one('picture refused')).toMatchObject({ code: 'picture.notAnImage' });
    expect(await lines.one('answered')).toMatchObject({ pictures: 0, refusedPictures: 1 });
  });

  it('tells of a message that nothing can be asked of', async () => {
    const { bot, lines } = await startLoggingBot();
    await bot.ask(' ');
    expect(await lines.one('message refused')).toMatchObject({ code: 'chat.empty' });
    expect(await lines.one('answered')).toMatchObject({ by: 'bot' });
  });

  it('tells of a failure of the model', async () => {
    const error = new VistazoError('endpoint.failed', 'The server example.org is busy.');
    const { bot, lines } = await startLoggingBot({ answers: [{ pieces: ['So'], error }] });
    await bot.ask('Why?');
    expect(await lines.one('generation failed')).toMatchObject({
      level: 40,
      code: 'endpoint.failed',
    });
  });

  it('tells of a failure of the platform by its cause, and of the answer when it came at last', async () => {
    const { bot, lines } = await startLoggingBot();
    failOnce(bot, 'post', unreachable());
    bot.adapter.capabilities.editMessages = false;
    await bot.ask('Hello?');
    const fault = { code: 'fetch.failed', system: 'ECONNREFUSED', attempt: 1 };
    expect(await lines.one('platform failed')).toMatchObject({ ...fault, call: 'post' });
    expect(await lines.one('job postponed')).toMatchObject({ ...fault, level: 40 });
    expect(await lines.one('answered')).toMatchObject({ attempt: 2 });
  });

  it('tells what a platform said by number, how long it wants to be left alone too', async () => {
    const { bot, lines } = await startLoggingBot();
    failOnce(bot, 'post', Object.assign(new Error('Slow down.'), { status: 429, retryAfterMs: 5 }));
    await bot.ask('Hello?');
    expect(await lines.one('platform failed')).toMatchObject({
      code: 'internal',
      status: 429,
      retryAfterMs: 5,
    });
  });

  it('tells which plugin failed', async () => {
    const faulty = definePlugin({
      name: 'faulty',
      version: '1.0.0',
      config: z.object({}),
      setup: ({ onMessage }) => onMessage(() => Promise.reject(new Error('of itself'))),
    });
    const { bot, lines } = await startLoggingBot({ plugins: [faulty({})] });
    await bot.ask('Hello?');
    expect(await lines.one('plugin failed')).toMatchObject({
      level: 40,
      plugin: 'faulty',
      code: 'plugin.failed',
    });
  });

  it('tells of events that come again, are refused, changed or are none', async () => {
    const gate = Promise.withResolvers<void>();
    const { bot, lines } = await startLoggingBot({
      answers: [{ pieces: ['A', 'B'], gate: gate.promise }],
      limits: { maxOpenPerPerson: 1 },
    });
    const event = await bot.adapter.say('One?');
    await lines.one('job leased');
    await bot.adapter.deliver(event);
    expect(await lines.one('event known')).toMatchObject({ level: 20 });
    await bot.adapter.say('Two?');
    expect(await lines.one('event refused')).toMatchObject({ level: 30 });
    await bot.adapter.deliver({ ...event, type: 'edited', eventId: 'e1', text: 'Three?' });
    expect(await lines.one('job lost')).toMatchObject({ level: 20 });
    await expect(bot.adapter.deliver({ ...event, tenant: '' })).rejects.toThrow();
    expect(await lines.one('event invalid')).toMatchObject({ code: 'option.invalid' });
    gate.resolve();
    await bot.idle();
  });

  it('tells that the store fails', async () => {
    const { bot, lines } = await startLoggingBot();
    await bot.store.close();
    expect(await lines.one('store failed')).toMatchObject({
      level: 50,
      work: 'lease',
      code: 'store.failed',
    });
    await expect(bot.adapter.say('Hello?')).rejects.toThrow();
    expect(await lines.one('event not stored')).toMatchObject({ code: 'store.failed' });
  });

  it('has only what matters at its usual level, and nothing when it is silent', async () => {
    const usual = new Lines();
    const silent = new Lines();
    for (const log of [{ destination: usual }, { destination: silent, level: 'silent' as const }]) {
      await using bot = await createTestBot({ log });
      await bot.ask('Hello?');
    }
    await usual.one('bot stopped');
    expect(usual.all.map(({ msg }) => msg)).toEqual(['bot started', 'answered', 'bot stopped']);
    expect(silent.texts).toEqual([]);
  });

  it('goes to a logger of the operator, with the fields that it adds', async () => {
    const lines = new Lines();
    const log = pino({ level: 'info', redact: ['tenant'] }, lines).child({ service: 'helpdesk' });
    await using bot = await createTestBot({ log });
    await bot.ask('Hello?');
    expect(await lines.one('answered')).toMatchObject({
      service: 'helpdesk',
      tenant: '[Redacted]',
    });
  });

  it('has messages of errors only where the operator wants them', async () => {
    const lines = new Lines();
    const { bot } = await startLoggingBot({ log: { destination: lines, errorDetails: true } });
    failOnce(bot, 'post', new Error('The sentence of the platform.'));
    await bot.ask('Hello?');
    const { error } = await lines.one('platform failed');
    expect(error).toMatchObject({
      message: 'The sentence of the platform.',
      stack: expect.stringContaining('telemetry'),
    });
  });

  it.each([
    [{ level: 'loud' }, /option log is not valid: level/],
    [{ destination: 'bot.log' }, /destination: has no method write/],
    [{ contents: true }, /contents/],
  ])('refuses %j', async (log, sentence) => {
    await expect(createTestBot({ log: log as LogOptions })).rejects.toThrow(sentence);
  });
});
