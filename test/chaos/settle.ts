import { setTimeout as wait } from 'node:timers/promises';

const lookEveryMs = 250;

/** What is seen of the answers so far. */
export interface SettleCounts {
  questions: number;
  /** With what they should have. */
  answered: number;
  /** With more than that, which does not go away. */
  twice: number;
}

/** Resolves when all questions are answered, or no answer was added for `longestMs`. */
export async function settle(
  count: () => SettleCounts | Promise<SettleCounts>,
  longestMs: number,
): Promise<void> {
  let before = -1;
  for (let sinceMs = Date.now(); Date.now() - sinceMs < longestMs; await wait(lookEveryMs)) {
    const { questions, answered, twice } = await count();
    if (answered + twice >= questions) return;
    if (answered > before) sinceMs = Date.now();
    before = answered;
  }
}
