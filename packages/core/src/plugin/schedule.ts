import { Cron } from 'croner';
import { VistazoError } from '../errors.js';

/** Work that a plugin does at its times. */
export interface ScheduleDefinition {
  /** Unique within the plugin; small letters, digits and hyphens. */
  name: string;
  /**
   * When: an interval in milliseconds of 1,000 or more, counted from 1970, or five fields of cron, such as `0 9 * * 1-5`
   * (https://en.wikipedia.org/wiki/Cron).
   */
  every: number | string;
  /** Of cron. Default UTC. */
  timeZone?: string;
  /** Longest time that it may take; `signal` is aborted then. Default 300,000. */
  timeoutMs?: number;
  /**
   * Does it once for each time, in one of the processes that share the store. A time that passed while
   * no bot ran is left out, and so is one whose process died in the middle. `atMs` is the time that it
   * is for, in milliseconds since 1970.
   */
  run(context: { readonly signal: AbortSignal; readonly atMs: number }): void | Promise<void>;
}

/** A schedule that was checked. @internal */
export interface Schedule extends ScheduleDefinition {
  /** The first time after another one, in milliseconds since 1970; undefined when there is none. */
  nextAfter(timeMs: number): number | undefined;
}

const minIntervalMs = 1000;

/** Throws `plugin.invalid`. @internal */
export function toSchedule(plugin: string, definition: ScheduleDefinition): Schedule {
  const { name, every, timeZone = 'UTC' } = definition;
  if (typeof every === 'number') {
    if (every >= minIntervalMs)
      return { ...definition, nextAfter: (timeMs) => (Math.floor(timeMs / every) + 1) * every };
    throw invalid(plugin, name, `the interval ${every} is shorter than ${minIntervalMs} ms`);
  }
  try {
    const cron = new Cron(every, { timezone: timeZone, mode: '5-part', paused: true });
    return { ...definition, nextAfter: (timeMs) => cron.nextRun(new Date(timeMs))?.getTime() };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw invalid(plugin, name, `${JSON.stringify(every)} is no cron of five fields: ${reason}`);
  }
}

function invalid(plugin: string, name: string, fault: string): VistazoError {
  return new VistazoError(
    'plugin.invalid',
    `The schedule ${JSON.stringify(name)} of the plugin ${plugin} is not valid: ${fault}.`,
  );
}
