import { type ErrorCode, VistazoError } from '../errors.js';
import type { Job } from '../store/job-store.js';
import { codeOf, faultOf } from '../telemetry/fault.js';

const firstRetryMs = 1000;
const longestRetryMs = 60_000;
/** After so many attempts, about twenty minutes, the pauses become longer. */
const manyAttempts = 20;
const longestLateRetryMs = 300_000;
/** Where a platform asks to be left alone longer, it is tried all the same. */
const longestAskedRetryMs = 3_600_000;

/** An answer that is stored and cannot be posted is tried so often, which takes about four hours. */
const maxAttempts = 60;
/** It is given up when it is so old, unless the bot was away and has hardly tried. */
const maxAgeMs = 86_400_000;
const fewAttempts = 10;

/** These say nothing of the platform. */
const ownCodes: readonly ErrorCode[] = ['job.lost', 'generation.aborted', 'store.failed'];

/** When a job that failed is tried again. @internal */
export function retryDelayMs({ attempts }: Pick<Job, 'attempts'>, reason: unknown): number {
  if (codeOf(reason) === 'generation.aborted') return 0;
  const longestMs = attempts > manyAttempts ? longestLateRetryMs : longestRetryMs;
  const usualMs = Math.min(longestMs, firstRetryMs * 2 ** (attempts - 1));
  return Math.max(usualMs, Math.min(faultOf(reason).retryAfterMs ?? 0, longestAskedRetryMs));
}

/** Whether a job ends without its answer having been posted. @internal */
export function isUndeliverable(reason: unknown): boolean {
  const code = codeOf(reason);
  return code === 'platform.gone' || code === 'platform.refused';
}

/**
 * What the delivery of a stored answer failed with: itself where it is to be tried again, and `platform.refused`
 * where that was done often or long enough. @internal
 */
export function deliveryFailure(
  { attempts, waitedMs }: Pick<Job, 'attempts' | 'waitedMs'>,
  reason: unknown,
): unknown {
  if (isUndeliverable(reason) || ownCodes.includes(codeOf(reason))) return reason;
  const isOld = attempts >= fewAttempts && waitedMs !== null && waitedMs >= maxAgeMs;
  if (attempts < maxAttempts && !isOld) return reason;
  return new VistazoError(
    'platform.refused',
    `The platform did not take the answer in ${attempts} attempts; it is given up.`,
    { cause: reason },
  );
}
