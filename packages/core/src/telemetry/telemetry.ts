import { BotLog } from './bot-log.js';
import { BotMetrics } from './bot-metrics.js';
import type { Logger, LogOptions } from './log.js';
import { activeContext } from './open-telemetry.js';
import type { PluginMetrics } from './plugin-metrics.js';
import { spanAttributes } from './span-attributes.js';
import { toTraceparent } from './traceparent.js';
import { type LeasedJob, TurnTelemetry } from './turn-telemetry.js';
import { withSpan } from './with-span.js';

/** What is told of an event: where it happened, not what was said and by whom. @internal */
export interface EventPlace {
  type: string;
  tenant: string;
  conversationKey: string;
  messageId: string;
}

/**
 * Tells operators what a bot does: lines of a log, metrics, and spans of OpenTelemetry for whoever
 * collects them in this process. Identifiers of platforms are told, people and contents are not. @internal
 */
export class Telemetry {
  readonly metrics: BotMetrics;
  readonly #log: BotLog;
  #isStarted = false;

  /** Throws `option.invalid`. */
  constructor(options: { log: Logger | LogOptions; countOpen: () => Promise<number> }) {
    this.#log = BotLog.open(options.log);
    this.metrics = new BotMetrics(options.countOpen);
  }

  started(about: { adapters: readonly string[]; plugins: readonly string[]; model: string }): void {
    this.#isStarted = true;
    this.metrics.process.start();
    this.#log.write('info', 'bot started', about);
  }

  stopped(): void {
    this.metrics.process.stop();
    // A bot that could not start says why, and nothing else.
    if (this.#isStarted) this.#log.write('info', 'bot stopped');
    this.#isStarted = false;
  }

  /** Checks what an adapter handed over. */
  checked<Event>(adapter: string, check: () => Event): Event {
    try {
      return check();
    } catch (error) {
      this.metrics.events.inc({ adapter, type: 'unknown', result: 'invalid' });
      this.#log.failed('warn', 'event invalid', error, { adapter });
      throw error;
    }
  }

  /** Stores an event; `store` gets the trace that its answer is to be part of. */
  received<Result extends string>(
    adapter: string,
    { type, tenant, conversationKey, messageId }: EventPlace,
    store: (traceparent: string | null) => Promise<Result>,
  ): Promise<Result> {
    const place = { adapter, type, tenant, conversationKey, messageId };
    const options = {
      parent: activeContext(),
      kind: 'CONSUMER' as const,
      attributes: spanAttributes({ ...place }),
    };
    return withSpan('vistazo.event', options, async (span) => {
      try {
        const result = await store(toTraceparent(span.spanContext()));
        span.setAttribute('vistazo.result', result);
        this.metrics.events.inc({ adapter, type, result });
        this.#log.write(result === 'refused' ? 'info' : 'debug', `event ${result}`, place);
        return result;
      } catch (error) {
        this.metrics.events.inc({ adapter, type, result: 'failed' });
        this.#log.failed('error', 'event not stored', error, place);
        throw error;
      }
    });
  }

  /** An attempt to answer a message; ends with `work`, whose error it passes on. */
  turn(
    job: LeasedJob,
    signal: AbortSignal,
    work: (turn: TurnTelemetry) => Promise<void>,
  ): Promise<void> {
    return TurnTelemetry.run(job, { log: this.#log, metrics: this.metrics, signal }, work);
  }

  /** A log and metrics of a plugin's own. */
  ofPlugin(plugin: string): { log: Logger; metrics: PluginMetrics } {
    return { log: this.#log.ofPlugin(plugin), metrics: this.metrics.ofPlugin(plugin) };
  }

  /** A plugin failed, and was left out. */
  pluginFailed(plugin: string, error: unknown): void {
    this.metrics.pluginFaults.inc({ plugin });
    this.#log.failed('warn', 'plugin failed', error, { plugin });
  }

  /** A file could not be fetched before its turn, when it is tried again. */
  prefetchFailed(adapter: string, error: unknown): void {
    this.#log.failed('debug', 'prefetch failed', error, { adapter });
  }

  /** A posted message could not be taken away, or the like, outside of a turn. */
  platformFailed(adapter: string, call: string, error: unknown): void {
    this.metrics.platformCalls.inc({ adapter, call, result: 'failed' });
    this.#log.failed('warn', 'platform failed', error, { adapter, call });
  }

  /** The store failed outside of a turn; it is tried again. */
  storeFailed(work: string, error: unknown): void {
    this.metrics.storeFailures.inc();
    this.#log.failed('error', 'store failed', error, { work });
  }

  /** What was forgotten may still be on the disk, in these places. */
  notOverwritten(places: readonly string[]): void {
    this.#log.write('warn', 'forgotten data left', { places });
  }

  /** An error that nobody caught; its stack says where, without the message that may quote people. */
  unhandled(error: unknown): void {
    this.#log.failed('error', 'fault unhandled', error, { at: placesOf(error) });
  }

  /** Something that nobody foresaw. */
  requestFailed(error: unknown): void {
    this.#log.failed('error', 'request failed', error);
  }
}

const maxPlaces = 5;

/** Where an error was made, the innermost function first; without its message, which may have any lines. */
function placesOf(error: unknown): string[] {
  if (!(error instanceof Error) || error.stack === undefined) return [];
  const { message, stack } = error;
  const afterMessage = stack.indexOf(message) + message.length;
  if (!stack.includes(message)) return [];
  const lines = stack.slice(afterMessage).split('\n');
  return lines.flatMap((line) => /^ +at (.*)$/.exec(line)?.[1] ?? []).slice(0, maxPlaces);
}
