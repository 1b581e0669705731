import { setTimeout as wait } from 'node:timers/promises';

/** How long is waited before each new try after a connection broke. */
const pausesMs = [20, 200, 1000];
/** A database that cannot be reached for longer is a failure; whoever asked tries again later. */
const longestMs = 3000;

/**
 * Does work on a database again when it failed for a reason that another connection may not have, up to three times
 * within about 3 s. @internal
 */
export async function tryAgain<Result>(
  work: () => Promise<Result>,
  mayRepeat: (error: unknown) => boolean,
): Promise<Result> {
  const startedAtMs = performance.now();
  for (const pauseMs of pausesMs) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() - startedAtMs > longestMs || !mayRepeat(error)) throw error;
      await wait(pauseMs);
    }
  }
  return work();
}
