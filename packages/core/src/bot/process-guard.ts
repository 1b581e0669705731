import { currentStep } from '../plugin/plugin-scope.js';

/** Told of an error that nobody caught and that is no plugin's. */
type Report = (error: unknown) => void;

const reports = new Set<Report>();

/** A report that fails by itself, such as a log whose disk is full, must not go on for ever. */
const maxReportsPerSecond = 10;
let reportedSinceMs = 0;
let reported = 0;

/**
 * Keeps the process alive whatever nobody caught: a rejection, an exception of a callback, an event `error` without a
 * listener. What follows from a plugin's code is reported as that plugin's fault, all else to `report`. Lasts until
 * what it returns is called; several bots in one process share it. @internal
 */
export function guardProcess(report: Report): () => void {
  // A function of its own, so that two bots with one report are two.
  const own: Report = (error) => report(error);
  if (reports.size === 0) process.on('unhandledRejection', take).on('uncaughtException', take);
  reports.add(own);
  return () => {
    if (reports.delete(own) && reports.size === 0)
      process.off('unhandledRejection', take).off('uncaughtException', take);
  };
}

function take(error: unknown): void {
  const step = currentStep();
  try {
    if (step !== undefined) step.fail(error);
    else if (isToBeReported()) for (const report of reports) report(error);
  } catch {
    // What fails here would end the process; there is nobody left to tell.
  }
}

function isToBeReported(): boolean {
  const nowMs = performance.now();
  if (nowMs - reportedSinceMs > 1000) {
    reportedSinceMs = nowMs;
    reported = 0;
  }
  reported += 1;
  return reported <= maxReportsPerSecond;
}
