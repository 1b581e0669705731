import { VistazoError } from '@vistazo/core';

/** A signal that aborts on Ctrl-C or SIGTERM; a second one ends the process at once. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => controller.abort());
  }
  return controller.signal;
}

/** What a command throws when it was interrupted. */
export function interrupted(): VistazoError {
  return new VistazoError('generation.aborted', 'Interrupted.');
}
