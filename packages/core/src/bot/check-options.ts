import type { Adapter } from '../adapter/adapter.js';
import { VistazoError } from '../errors.js';
import { checkFileHosts } from '../media/file-hosts.js';
import type { LinkPolicy } from '../reply/harmless-text.js';
import type { ArrivalPolicy } from '../store/job-store.js';
import type { BotOptions } from './create-bot.js';
import { checkToolRules } from './tool-calls.js';

const policies: readonly ArrivalPolicy[] = ['queue', 'replace', 'steer', 'debounce', 'drop'];
const linkPolicies: readonly LinkPolicy[] = ['fromConversation', 'all'];

/** Throws `option.invalid` for what a bot cannot be made of, but for its limits. @internal */
export function checkOptions(options: BotOptions): void {
  const names = options.adapters.map(({ name }) => name);
  if (names.length === 0 || new Set(names).size < names.length) {
    throw new VistazoError(
      'option.invalid',
      `A bot needs adapters with names of their own; it has [${names.join(', ')}].`,
    );
  }
  for (const adapter of options.adapters) checkFiles(adapter);
  requireOneOf('whileBusy', options.whileBusy ?? 'queue', policies);
  checkToolRules(options.tools ?? { allow: [] });
  requireKeepDays(options.keepDays ?? null);
  requireOneOf('links', options.links ?? 'fromConversation', linkPolicies);
}

function checkFiles({ name, files, fetch }: Adapter): void {
  if (files === undefined) return;
  if (fetch !== undefined) {
    throw new VistazoError(
      'option.invalid',
      `The adapter ${name} has both files and fetch; leave one out: a fetch of its own can call guardedFetch with the hosts.`,
    );
  }
  checkFileHosts(files.hosts);
}

function requireOneOf(option: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new VistazoError(
    'option.invalid',
    `The option ${option} is ${JSON.stringify(value)}; it is one of ${allowed.join(', ')}.`,
  );
}

function requireKeepDays(days: number | null): void {
  if (days === null || (Number.isFinite(days) && days > 0)) return;
  throw new VistazoError(
    'option.invalid',
    `The option keepDays is ${days}; it is a number of days above 0, or null to keep messages for ever.`,
  );
}
