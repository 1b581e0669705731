import { VistazoError } from '@vistazo/core';

/** What became of an event whose processing threw. */
export interface FailedEvent {
  /** Whether it would fail in the same way when it is delivered again, so that it is acknowledged. */
  isFinal: boolean;
  /** For the operator; without contents. */
  sentence: string;
}

/**
 * Tells an event that could not be stored, which Slack delivers again, from one of a place that is gone, such
 * as a workspace that took the bot out.
 */
export function failedEvent(error: unknown): FailedEvent {
  const code = codeIn(error) ?? 'internal';
  if (code === 'platform.gone')
    return {
      isFinal: true,
      sentence: 'Slack sent something from a workspace where the bot is not installed any more.',
    };
  return {
    isFinal: false,
    sentence: `Something that Slack sent could not be worked on: ${code}. Events come again.`,
  };
}

/** The code of the error of ours that Bolt wrapped, once or several times. */
function codeIn(error: unknown): string | undefined {
  if (error instanceof VistazoError) return error.code;
  if (!(error instanceof Error)) return undefined;
  const inner = 'original' in error ? error.original : error.cause;
  if (inner !== undefined && inner !== error) return codeIn(inner);
  const [first] = 'originals' in error && Array.isArray(error.originals) ? error.originals : [];
  return first === undefined ? undefined : codeIn(first);
}
