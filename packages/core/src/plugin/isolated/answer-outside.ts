import { VistazoError } from '../../errors.js';
import type { PluginStorage } from '../../store/plugin-storage.js';
import type { HostServices } from '../registration.js';
import type { Question } from './protocol.js';

/** What a plugin may ask at any time. @internal */
export async function answerOutside(question: Question, services: HostServices): Promise<unknown> {
  if (question.type === 'announce') return services.announce(question.announcement);
  if ('tenant' in question) return answerStorage(question, services.storage(question.tenant));
  throw new VistazoError('plugin.failed', `${question.type} was asked outside of a message.`);
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
    case 'delete':
      return storage.delete(question.key);
    case 'keys':
      return storage.keys(question.prefix);
  }
}
