import { type Logger, LogLevel } from '@slack/bolt';

/** How long the same sentence is not told again. */
const quietMs = 60_000;

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
  readonly #toldAtMs = new Map<string, number>();

  constructor(private readonly notify: (sentence: string) => void) {}

  debug(): void {}

  info(): void {}

  warn(...parts: unknown[]): void {
    const text = parts.filter((part) => typeof part === 'string').join(' ');
    const sentence = warnings.find(([pattern]) => pattern.test(text))?.[1];
    if (sentence === undefined) return;
    const nowMs = performance.now();
    if (nowMs - (this.#toldAtMs.get(sentence) ?? Number.NEGATIVE_INFINITY) < quietMs) return;
    this.#toldAtMs.set(sentence, nowMs);
    this.notify(sentence);
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
