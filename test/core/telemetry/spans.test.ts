import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { VistazoError } from '../../../packages/core/src/index.ts';
import {
  createTestBot,
  MemoryAdapter,
  type TestBotOptions,
} from '../../../packages/core/src/testing/index.ts';
import { pictureOf, sharpMedia } from '../bot/bot-fixture.ts';
import { databases } from '../store/store-fixture.ts';
import { collectSpans } from './collect-spans.ts';
import { failOnce, unreachable } from './telemetry-fixture.ts';

const exporter = collectSpans();
beforeEach(() => exporter.reset());

async function startBot(options: TestBotOptions = {}) {
  const adapter = new MemoryAdapter({ editMessages: false });
  const bot = await createTestBot({ adapter, media: sharpMedia, dataRule: null, ...options });
  onTestFinished(() => bot.close());
  return bot;
}

const named = (name: string) =>
  exporter.getFinishedSpans().filter((span) => span.name === `vistazo.${name}`);

/** Spans end just after the answer is in the store. */
async function turns(count: number): Promise<ReadableSpan[]> {
  await vi.waitFor(() => expect(named('turn')).toHaveLength(count), 20_000);
  return named('turn');
}

/** The spans from the first one down, each indented below its parent, by name. */
function tree(root: ReadableSpan, indent = ''): string[] {
  const children = exporter
    .getFinishedSpans()
    .filter(({ parentSpanContext }) => parentSpanContext?.spanId === root.spanContext().spanId)
    .toSorted((a, b) => a.name.localeCompare(b.name));
  return [`${indent}${root.name}`, ...children.flatMap((child) => tree(child, `${indent}  `))];
}

function onlyOne(spans: readonly ReadableSpan[]): ReadableSpan {
  const [span, ...others] = spans;
  if (span === undefined || others.length > 0) throw new Error(`There are ${spans.length} spans.`);
  return span;
}

const wholeAnswer = [
  'vistazo.event',
  '  vistazo.turn',
  '    vistazo.generate',
  '    vistazo.plugins',
  '    vistazo.plugins',
  '    vistazo.post',
  '    vistazo.question',
];

describe('the spans of an answer', () => {
  it('are one trace from the event to the post', async () => {
    const bot = await startBot({ answers: ['Red.'], generation: { maxNewTokens: 20, topP: 0.9 } });
    await bot.ask('Which colour?', { messageId: 'm1', pictures: [await pictureOf(255)] });
    const turn = onlyOne(await turns(1));
    const event = onlyOne(named('event'));
    expect(tree(event)).toEqual(wholeAnswer);
    const traceIds = exporter.getFinishedSpans().map((span) => span.spanContext().traceId);
    expect(new Set(traceIds).size).toBe(1);
    expect(event).toMatchObject({
      kind: SpanKind.CONSUMER,
      attributes: {
        'vistazo.adapter': 'memory',
        'vistazo.type': 'message',
        'vistazo.tenant': 'tenant',
        'vistazo.conversation_key': 'general',
        'vistazo.message_id': 'm1',
        'vistazo.result': 'accepted',
      },
    });
    expect(turn.attributes).toMatchObject({
      'vistazo.message_id': 'm1',
      'vistazo.attempt': 1,
      'vistazo.revision': 0,
      'vistazo.waited_ms': expect.any(Number),
      'vistazo.outcome': 'answered',
    });
    expect(onlyOne(named('question')).attributes).toEqual({
      'vistazo.pictures': 1,
      'vistazo.refused_pictures': 0,
    });
    expect(onlyOne(named('generate'))).toMatchObject({
      kind: SpanKind.CLIENT,
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'vistazo',
        'gen_ai.request.model': 'scripted',
        'gen_ai.request.max_tokens': 20,
        'gen_ai.request.top_p': 0.9,
        'gen_ai.response.finish_reasons': ['endToken'],
        'gen_ai.usage.input_tokens': 55,
        'gen_ai.usage.output_tokens': 1,
      },
    });
    expect(onlyOne(named('post')).attributes).toEqual({ 'vistazo.call': 'post' });
    const states = exporter.getFinishedSpans().map(({ status }) => status.code);
    expect(new Set(states)).toEqual(new Set([SpanStatusCode.UNSET]));
  });

  it('go on from the span in which an adapter received the event', async () => {
    const bot = await startBot();
    const span = trace.getTracer('platform').startSpan('POST /events');
    await context.with(trace.setSpan(context.active(), span), () => bot.ask('Hello?'));
    span.end();
    await turns(1);
    expect(tree(span as unknown as ReadableSpan)[1]).toBe('  vistazo.event');
  });

  it('belong to the first delivery of an event; a second one is a trace of its own', async () => {
    const bot = await startBot({ limits: { maxConcurrentAnswers: 1 } });
    const event = await bot.adapter.say('Hello?');
    await bot.adapter.deliver(event);
    await bot.idle();
    await turns(1);
    const [first, second, ...others] = named('event');
    if (first === undefined || second === undefined) throw new Error('Two events came.');
    expect(others).toEqual([]);
    expect(tree(first)).toEqual(wholeAnswer);
    expect(tree(second)).toEqual(['vistazo.event']);
    expect(second.attributes['vistazo.result']).toBe('known');
  });

  it('show the failed post and the attempt after it, in the same trace', async () => {
    const bot = await startBot();
    failOnce(bot, 'post', unreachable());
    await bot.ask('Hello?');
    const [failed, answered] = await turns(2);
    if (failed === undefined || answered === undefined) throw new Error('There were two attempts.');
    const eventId = onlyOne(named('event')).spanContext().spanId;
    expect(failed.parentSpanContext?.spanId).toBe(eventId);
    expect(answered.parentSpanContext?.spanId).toBe(eventId);
    expect(['vistazo.event', ...tree(failed, '  ')]).toEqual(wholeAnswer);
    expect(tree(answered)).toEqual(['vistazo.turn', '  vistazo.post']);
    const error = {
      status: { code: SpanStatusCode.ERROR, message: 'fetch.failed' },
      attributes: { 'error.type': 'fetch.failed' },
    };
    expect(named('post')[0]).toMatchObject(error);
    expect(failed).toMatchObject(error);
    expect(failed.attributes).toMatchObject({ 'vistazo.outcome': 'postponed' });
    expect(answered.attributes).toMatchObject({ 'vistazo.attempt': 2 });
    expect(answered.status.code).toBe(SpanStatusCode.UNSET);
  });

  it('show a failure of the model by its code', async () => {
    const error = new VistazoError('engine.crashed', 'The engine ended; ask again.');
    const bot = await startBot({ answers: [{ pieces: ['So'], error }] });
    await bot.ask('Why?');
    await turns(1);
    expect(onlyOne(named('generate')).status).toEqual({
      code: SpanStatusCode.ERROR,
      message: 'engine.crashed',
    });
  });

  it('of a changed message begin with the change, and the answer that was lost is no fault', async () => {
    const gate = Promise.withResolvers<void>();
    const bot = await startBot({ answers: [{ pieces: ['A', 'B'], gate: gate.promise }] });
    const event = await bot.adapter.say('One?');
    await vi.waitFor(() => expect(bot.model.running).toBe(1));
    await bot.adapter.deliver({ ...event, type: 'edited', eventId: 'e1', text: 'Two?' });
    await bot.idle();
    gate.resolve();
    await turns(2);
    const [first, second] = named('event');
    const [lost, answered] = named('turn');
    expect(lost?.parentSpanContext?.spanId).toBe(first?.spanContext().spanId);
    expect(lost?.attributes['vistazo.outcome']).toBe('lost');
    expect(lost?.status.code).toBe(SpanStatusCode.UNSET);
    expect(answered?.parentSpanContext?.spanId).toBe(second?.spanContext().spanId);
    expect(answered?.attributes).toMatchObject({ 'vistazo.revision': 1 });
  });
});

describe.each(databases())('a trace that is kept in %s', (_, newDatabase) => {
  it('goes on in another process', async () => {
    const open = await newDatabase();
    const first = await startBot({ store: await open(), limits: { maxConcurrentAnswers: 0 } });
    await first.adapter.say('Hello?');
    await first.close();
    const second = await startBot({ store: await open(), adapter: first.adapter });
    await second.idle();
    await turns(1);
    expect(tree(onlyOne(named('event')))).toEqual(wholeAnswer);
  });
});
