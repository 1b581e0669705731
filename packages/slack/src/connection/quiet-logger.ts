import { type Logger, LogLevel } from '@slack/bolt';
import { QuietNotices } from './quiet-notices.js';

/** What Slack's libraries say that an operator should know, in our words: theirs may quote contents and tokens. */
const warnings: readonly (readonly [RegExp, string])[] = [
  [
    /wasn't received (from the server )?before the timeout/i,
    'The connection to Slack fell silent, and is made anew.',
  ],
  [
    /verify the request data|signature/i,
    'A request that Slack did not sign was refused; if all are, the option signingSecret is not that of the page Basic Information of your app.',
  ],
  [/maximum allowed size/i, 'A request was refused that was larger than those of Slack.'],
  [
    /token rotation/i,
    'A token that will run out could not be refreshed; it is tried again with the next event.',
  ],
];

/**
 * A logger for Slack's libraries, which by themselves log to the console, tokens and contents included: tells
 * of warnings those that are known, in sentences without either, each at most once a minute.
 */
export class QuietLogger implements Logger {
  readonly #notices: QuietNotices;

  constructor(notify: (sentence: string) => void) {
    this.#notices = new QuietNotices(notify);
  }

  debug(): void {}

  info(): void {}

  warn(...parts: unknown[]): void {
    const text = parts.filter((part) => typeof part === 'string').join(' ');
    const sentence = warnings.find(([pattern]) => pattern.test(text))?.[1];
    if (sentence !== undefined) this.#notices.tell(sentence);
  }

  error(...parts: unknown[]): void {
    this.warn(...parts);
  }

  setLevel(): void {}

  /** So high that messages are not even put together. */
  getLevel(): LogLevel {
    return LogLevel.ERROR;
  }

  setName(): void {}
}
