import type { Context, Span } from '@opentelemetry/api';
import type { BotLog } from './bot-log.js';
import type { BotMetrics } from './bot-metrics.js';
import { codeOf } from './fault.js';
import {
  type GenerationOutcome,
  type GenerationRequest,
  outcomeAttributes,
  requestAttributes,
} from './generation-span.js';
import { spanAttributes } from './span-attributes.js';
import { fromTraceparent } from './traceparent.js';
import { failSpan, withSpan } from './with-span.js';

/** What is told of a job. @internal */
export interface LeasedJob {
  id: number;
  adapter: string;
  event: { tenant: string; conversationKey: string; messageId: string };
  attempts: number;
  revision: number;
  /** From when its message was accepted or changed until it was leased; null when it is not known. */
  waitedMs: number | null;
  /** Of the event that it came with; null when nobody collected spans. */
  traceparent: string | null;
}

/** What {@link TurnTelemetry.run} tells it to. @internal */
export interface TurnTelemetryOptions {
  log: BotLog;
  metrics: BotMetrics;
  /** Aborted when the job is lost or the bot stops. */
  signal: AbortSignal;
}

/** What a turn did, for the line that tells of the whole answer. */
interface Summary {
  /** A sentence of the bot's own, or what an earlier attempt left, is nobody's. */
  by: 'model' | 'plugin' | 'bot';
  pictures: number;
  refusedPictures: number;
  firstTextMs?: number;
  modelMs?: number;
  promptTokens?: number;
  answerTokens?: number;
  finishReason?: string;
}

/** Tells what happens in one attempt to answer a message. @internal */
export class TurnTelemetry {
  readonly #startedMs = performance.now();
  readonly #summary: Summary = { by: 'bot', pictures: 0, refusedPictures: 0 };

  private constructor(
    private readonly adapter: string,
    private readonly options: TurnTelemetryOptions,
    private readonly inside: Context,
  ) {}

  /** See {@link Telemetry.turn}. */
  static run(
    job: LeasedJob,
    { log, metrics, signal }: TurnTelemetryOptions,
    work: (turn: TurnTelemetry) => Promise<void>,
  ): Promise<void> {
    const { adapter, attempts, revision, waitedMs } = job;
    const { tenant, conversationKey, messageId } = job.event;
    const about = { adapter, tenant, conversationKey, messageId, attempt: attempts };
    const options = {
      parent: fromTraceparent(job.traceparent),
      kind: 'CONSUMER' as const,
      attributes: spanAttributes({ ...about, revision, ...(waitedMs !== null && { waitedMs }) }),
    };
    return withSpan('vistazo.turn', options, async (span, inside) => {
      const jobLog = log.child({ ...about, jobId: job.id, ...traceIdOf(span) });
      const turn = new TurnTelemetry(adapter, { log: jobLog, metrics, signal }, inside);
      await turn.#run(job, span, work);
    });
  }

  async #run(
    { attempts, waitedMs }: LeasedJob,
    span: Span,
    work: (turn: TurnTelemetry) => Promise<void>,
  ): Promise<void> {
    const { log, metrics } = this.options;
    if (waitedMs !== null && attempts === 1)
      metrics.waitSeconds.observe({ adapter: this.adapter }, waitedMs / 1000);
    log.write('debug', 'job leased', { waitedMs });
    metrics.running.inc();
    try {
      await work(this);
      this.#end(span, 'answered');
      log.write('info', 'answered', { waitedMs, durationMs: this.#elapsedMs, ...this.#summary });
    } catch (error) {
      const { signal } = this.options;
      const reason: unknown = signal.aborted ? signal.reason : error;
      this.#fail(span, reason);
      throw reason;
    } finally {
      metrics.running.dec();
    }
  }

  #fail(span: Span, reason: unknown): void {
    const { log, metrics } = this.options;
    const code = codeOf(reason);
    const fields = { durationMs: this.#elapsedMs };
    if (code === 'job.lost') {
      this.#end(span, 'lost');
      log.write('debug', 'job lost', fields);
    } else if (code === 'generation.aborted') {
      this.#end(span, 'handedBack');
      log.write('info', 'job handed back', fields);
    } else if (code === 'platform.gone' || code === 'platform.refused') {
      this.#end(span, 'undeliverable');
      log.failed('warn', 'answer undeliverable', reason, fields);
    } else {
      this.#end(span, 'postponed');
      const isStore = code.startsWith('store.');
      if (isStore) metrics.storeFailures.inc();
      log.failed(isStore ? 'error' : 'warn', 'job postponed', reason, fields);
    }
  }

  #end(span: Span, outcome: string): void {
    span.setAttribute('vistazo.outcome', outcome);
    this.options.metrics.turnSeconds.observe(
      { adapter: this.adapter, outcome },
      this.#elapsedMs / 1000,
    );
  }

  get #elapsedMs(): number {
    return Math.round(performance.now() - this.#startedMs);
  }

  /** Takes the message and its pictures into the conversation. */
  question<Result>(work: () => Promise<Result>): Promise<Result> {
    return withSpan('vistazo.question', { parent: this.inside }, async (span) => {
      try {
        return await work();
      } finally {
        const { pictures, refusedPictures } = this.#summary;
        span.setAttributes(spanAttributes({ pictures, refusedPictures }));
      }
    });
  }

  pictureTaken(): void {
    this.#summary.pictures += 1;
    this.options.metrics.pictures.inc({ result: 'taken' });
  }

  pictureRefused(error: unknown): void {
    this.#summary.refusedPictures += 1;
    this.options.metrics.pictures.inc({ result: codeOf(error) });
    this.options.log.failed('info', 'picture refused', error);
  }

  /** Nothing can be asked of it, which its author is told. */
  messageRefused(error: unknown): void {
    this.options.log.failed('info', 'message refused', error);
  }

  /** The platform does not take the answer; its person is told so in its place. */
  answerRefused(error: unknown): void {
    this.#summary.by = 'bot';
    this.options.log.failed('warn', 'answer refused', error);
  }

  /** What plugins do with the message or the answer. */
  plugins<Result>(work: () => Promise<Result>): Promise<Result> {
    return withSpan('vistazo.plugins', { parent: this.inside }, work);
  }

  answeredByPlugin(): void {
    this.#summary.by = 'plugin';
  }

  /** The model answers; a failure is in what `work` gives. */
  generate<Outcome extends GenerationOutcome>(
    request: GenerationRequest,
    work: () => Promise<Outcome>,
  ): Promise<Outcome> {
    this.#summary.by = 'model';
    const options = {
      parent: this.inside,
      kind: 'CLIENT' as const,
      attributes: requestAttributes(request),
    };
    return withSpan('vistazo.generate', options, async (span) => {
      const startedMs = performance.now();
      const outcome = await work();
      span.setAttributes(outcomeAttributes(outcome));
      this.#noteGeneration(outcome, performance.now() - startedMs);
      if (outcome.status === 'failed') this.#generationFailed(span, outcome.error);
      return outcome;
    });
  }

  #noteGeneration({ end }: GenerationOutcome, elapsedMs: number): void {
    const { metrics } = this.options;
    const modelMs =
      end === undefined ? elapsedMs : Math.max(0, end.timings.totalMs - end.timings.queueMs);
    metrics.modelSeconds.inc(modelMs / 1000);
    this.#summary.modelMs = Math.round(modelMs);
    if (end === undefined) return;
    const { promptTokens, answerTokens } = end.usage;
    metrics.tokens.inc({ type: 'prompt' }, promptTokens);
    metrics.tokens.inc({ type: 'answer' }, answerTokens);
    const { finishReason } = end;
    Object.assign(this.#summary, { promptTokens, answerTokens, finishReason });
  }

  #generationFailed(span: Span, error: unknown): void {
    failSpan(span, error);
    this.options.metrics.generationFailures.inc({ code: codeOf(error) });
    this.options.log.failed('warn', 'generation failed', error);
  }

  /** The model said something; the first time counts. */
  textCame(): void {
    if (this.#summary.firstTextMs !== undefined) return;
    const firstTextMs = this.#elapsedMs;
    this.#summary.firstTextMs = firstTextMs;
    this.options.metrics.firstTextSeconds.observe({ adapter: this.adapter }, firstTextMs / 1000);
  }

  /** Asks something of the platform. */
  platformCall<Result>(
    call: 'post' | 'edit' | 'remove',
    work: () => Promise<Result>,
  ): Promise<Result> {
    const { adapter, inside: parent } = this;
    const { log, metrics, signal } = this.options;
    const options = { parent, kind: 'CLIENT' as const, attributes: spanAttributes({ call }) };
    return withSpan('vistazo.post', options, async () => {
      try {
        const result = await work();
        metrics.platformCalls.inc({ adapter, call, result: 'done' });
        return result;
      } catch (error) {
        const result = signal.aborted ? 'stopped' : 'failed';
        metrics.platformCalls.inc({ adapter, call, result });
        if (!signal.aborted) log.failed('warn', 'platform failed', error, { call });
        throw error;
      }
    });
  }
}

function traceIdOf(span: Span): { traceId?: string } {
  const { traceId } = span.spanContext();
  return /[1-9a-f]/.test(traceId) ? { traceId } : {};
}
