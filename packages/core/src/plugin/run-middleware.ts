import { VistazoError } from '../errors.js';
import type { Middleware } from './plugin.js';

/** A middleware and the plugin it belongs to. @internal */
export interface PluginMiddleware<Context> {
  plugin: string;
  middleware: Middleware<Context>;
}

/** Told which plugin failed, and how; its work goes on without it. */
export type ReportFault = (plugin: string, error: VistazoError) => void;

/**
 * Runs middleware one inside the other. One that throws, or takes longer than `timeoutMs` without
 * counting what comes next, is reported and left out; one that does not call `next` keeps the rest
 * from being asked. @internal
 */
export async function runMiddleware<Context>(
  chain: readonly PluginMiddleware<Context>[],
  context: Context,
  { timeoutMs, report }: { timeoutMs: number; report: ReportFault },
): Promise<void> {
  const [first, ...rest] = chain;
  if (first === undefined) return;
  const runRest = () => runMiddleware(rest, context, { timeoutMs, report });
  const clock = new Clock(timeoutMs);
  let state: 'before' | 'next' | 'over' = 'before';
  const next = async () => {
    if (state !== 'before') throw calledTwice(first.plugin, state);
    state = 'next';
    clock.stop();
    await runRest();
    clock.start();
  };
  clock.start();
  try {
    await Promise.race([first.middleware(context, next), clock.ranOut]);
  } catch (error) {
    const wasBefore = (state as typeof state) === 'before';
    state = 'over';
    report(first.plugin, toPluginError(first.plugin, error));
    if (wasBefore) await runRest();
  } finally {
    state = 'over';
    clock.stop();
  }
}

/** Counts down while it is started. */
class Clock {
  readonly #ranOut = Promise.withResolvers<never>();
  #leftMs: number;
  #startedAtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limitMs: number) {
    this.#leftMs = limitMs;
    // It may run out when nobody waits any more.
    this.#ranOut.promise.catch(() => {});
  }

  get ranOut(): Promise<never> {
    return this.#ranOut.promise;
  }

  start(): void {
    this.#startedAtMs = performance.now();
    this.#timer = setTimeout(
      () => this.#ranOut.reject(new Error('It took too long.')),
      this.#leftMs,
    );
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#leftMs = Math.max(0, this.#leftMs - (performance.now() - this.#startedAtMs));
  }
}

function calledTwice(plugin: string, state: 'next' | 'over'): VistazoError {
  const mistake = state === 'next' ? 'called next() twice' : 'called next() after it was left out';
  return new VistazoError('plugin.failed', `The plugin ${plugin} ${mistake}.`);
}

function toPluginError(plugin: string, cause: unknown): VistazoError {
  if (cause instanceof VistazoError && cause.code === 'plugin.failed') return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new VistazoError('plugin.failed', `The plugin ${plugin} failed: ${reason}`, { cause });
}
