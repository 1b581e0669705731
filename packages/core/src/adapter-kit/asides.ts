import { inTime } from './in-time.js';

/** Work that may take longer than anybody waits for it. */
export class Asides {
  readonly #underWay = new Set<Promise<void>>();

  /** Begins it, and resolves when it is done or `waitMs` are over. What it throws goes to `failed`, or nowhere. */
  async run(
    work: () => Promise<void>,
    { waitMs = 0, failed }: { waitMs?: number; failed?: (error: unknown) => Promise<void> } = {},
  ): Promise<void> {
    const running: Promise<void> = work()
      .catch((error: unknown) => failed?.(error))
      .catch(() => {})
      .finally(() => this.#underWay.delete(running));
    this.#underWay.add(running);
    await inTime(running, waitMs);
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }
}
