import { VistazoError } from '../errors.js';
import { Seldom } from './seldom.js';

/** About the same refusal in the same channel the operator is not told again within an hour. */
const silenceMs = 3_600_000;

/** Whether a status of HTTP says that a call will never go well: every 4xx but timeouts (408) and limits (429). */
export function isRefusedForGood(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** Tells the operator which answers the platform refuses for good. */
export class RefusalNotices {
  readonly #seldom = new Seldom(silenceMs);

  constructor(private readonly notify: (sentence: string) => void) {}

  /** `channel` is what the operator knows the place by. Of errors other than `platform.refused` it tells nothing. */
  tell(error: unknown, channel: string): void {
    if (!(error instanceof VistazoError) || error.code !== 'platform.refused') return;
    if (!this.#seldom.isDue(`${channel} ${error.message}`)) return;
    this.notify(
      `${error.message} It was an answer in the channel ${channel}. Its person is told so where possible, and the channel goes on.`,
    );
  }
}
