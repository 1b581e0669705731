import type { Logger } from '../../telemetry/log.js';
import type { PluginMetrics } from '../../telemetry/plugin-metrics.js';
import { ask } from './child-call.js';
import type { LogLevel, Question } from './protocol.js';

/** Nobody waits for it, and what the bot refuses is not worth a failure. */
function tell(question: Question): void {
  ask(question).catch(() => {});
}

/** A log that the bot writes. @internal */
export function childLog(about: readonly object[] = []): Logger {
  const write = (level: LogLevel) => (fields: object, message: string) =>
    tell({ type: 'log', level, fields, message, about: [...about] });
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => childLog([...about, fields]),
  };
}

type Measure = Extract<Question, { type: 'measure' }>;

function measuring(about: Omit<Measure, 'type' | 'value'>): (value: number) => void {
  tell({ type: 'measure', ...about });
  return (value) => tell({ type: 'measure', ...about, value });
}

/** Metrics that the bot keeps. @internal */
export const childMetrics: PluginMetrics = {
  counter(name, help) {
    const measure = measuring({ metric: 'counter', name, help });
    return { inc: (by = 1) => measure(by) };
  },
  gauge: (name, help) => ({ set: measuring({ metric: 'gauge', name, help }) }),
  histogram: (name, help, buckets) => ({
    observe: measuring({
      metric: 'histogram',
      name,
      help,
      ...(buckets !== undefined && { buckets }),
    }),
  }),
};
