import { setTimeout as wait } from 'node:timers/promises';

/** How long is waited before the first new try; twice as long before each further one. */
const firstPauseMs = 20;
/** A database that cannot be used for longer is a failure; whoever asked tries again later. */
const longestMs = 3000;

/**
 * Does work on a database again when it failed for a reason that another connection may not have, for about 3 s.
 * @internal
 */
export async function tryAgain<Result>(
  work: () => Promise<Result>,
  mayRepeat: (error: unknown) => boolean,
): Promise<Result> {
  const endMs = performance.now() + longestMs;
  for (let pauseMs = firstPauseMs; ; pauseMs *= 2) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() + pauseMs > endMs || !mayRepeat(error)) throw error;
      await wait(pauseMs);
    }
  }
}
