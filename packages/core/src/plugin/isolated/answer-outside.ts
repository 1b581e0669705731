import { VistazoError } from '../../errors.js';
import type { PluginStorage } from '../../store/plugin-storage.js';
import type { HostServices } from '../registration.js';
import type { Question } from './protocol.js';

/** What a plugin may ask at any time. @internal */
export async function answerOutside(question: Question, services: HostServices): Promise<unknown> {
  if (question.type === 'announce') return services.announce(question.announcement);
  if (question.type === 'log') return writeLog(question, services);
  if (question.type === 'measure') return measure(question, services);
  if ('tenant' in question) return answerStorage(question, services.storage(question.tenant));
  throw new VistazoError('plugin.failed', `${question.type} was asked outside of a message.`);
}

function writeLog(
  { level, fields, message, about }: Extract<Question, { type: 'log' }>,
  { log }: HostServices,
): void {
  const logger = about.reduce<HostServices['log']>((each, more) => each.child({ ...more }), log);
  logger[level](fields, message);
}

function measure(
  { metric, name, help, value, buckets }: Extract<Question, { type: 'measure' }>,
  { metrics }: HostServices,
): void {
  if (metric === 'counter') {
    const counter = metrics.counter(name, help);
    if (value !== undefined) counter.inc(value);
  } else if (metric === 'gauge') {
    const gauge = metrics.gauge(name, help);
    if (value !== undefined) gauge.set(value);
  } else {
    const histogram = metrics.histogram(name, help, buckets);
    if (value !== undefined) histogram.observe(value);
  }
}

function answerStorage(
  question: Extract<Question, { tenant: string }>,
  storage: PluginStorage,
): Promise<unknown> {
  switch (question.type) {
    case 'get':
      return storage.get(question.key);
    case 'set':
      return storage.set(question.key, question.value);
    case 'add':
      return storage.add(question.key, question.value);
    case 'delete':
      return storage.delete(question.key);
    case 'keys':
      return storage.keys(question.prefix);
  }
}
