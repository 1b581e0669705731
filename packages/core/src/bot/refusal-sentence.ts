import type { Refusal, RefusalReason } from '../store/job-store.js';
import { inWords } from './standing.js';

const sentences: Record<Exclude<RefusalReason, 'busy'>, string> = {
  tooManyOpen:
    'You have too many questions waiting, so I do not take this one; wait for their answers.',
  queueFull: 'Too many questions are waiting, so I cannot take this one.',
  tenantQueueFull: 'Too many questions are waiting here, so I cannot take this one.',
  tooFast: 'You wrote much in a short time, so I do not answer this one.',
  tenantTooFast: 'Much was written here in a short time, so I do not answer this one.',
  budget: 'You have used up your time with the model, so I do not answer this one.',
  tenantBudget: 'The time with the model is used up here, so I do not answer this one.',
};

/** What a person is told whose message is not taken; nothing where the policy drops it. @internal */
export function refusalSentence({ reason, retryAfterMs }: Refusal): string | undefined {
  if (reason === 'busy') return undefined;
  const retry =
    retryAfterMs === undefined
      ? 'Try again later.'
      : `Try again in about ${inWords(retryAfterMs)}.`;
  return reason === 'tooManyOpen' ? sentences[reason] : `${sentences[reason]} ${retry}`;
}
