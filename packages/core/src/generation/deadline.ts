/** The longest time that a timer can wait. @internal */
export const maxTimerMs = 2 ** 31 - 1;

/** Aborts after `deadlineMs`, which may be more than a timer can wait. @internal */
export function deadlineSignal(deadlineMs: number): AbortSignal {
  return AbortSignal.timeout(Math.ceil(Math.min(deadlineMs, maxTimerMs)));
}
