import { Seldom } from '@vistazo/core/adapter-kit';

/** How long the same sentence is not told again. */
const quietMs = 60_000;

/** Tells an operator each sentence at most once a minute. */
export class QuietNotices {
  readonly #seldom = new Seldom(quietMs);

  constructor(private readonly notify: (sentence: string) => void) {}

  readonly tell = (sentence: string): void => {
    if (this.#seldom.isDue(sentence)) this.notify(sentence);
  };
}
