import type { Adapter } from '../adapter/adapter.js';
import type { VisionLanguageModel } from '../backend/vision-language-model.js';
import type { JobStore } from '../store/job-store.js';
import { within } from '../telemetry/within.js';

/** A store that takes longer to count is not ready. */
const storeTimeoutMs = 2000;

/** What has to be ready before a bot is. @internal */
export interface Parts {
  adapters: readonly Adapter[];
  /** Those that listen. */
  started: readonly Adapter[];
  model: VisionLanguageModel;
  jobs: JobStore;
}

/** Names of the parts that cannot be used now, such as `store` or `adapter x`. @internal */
export async function notReady({ adapters, started, model, jobs }: Parts): Promise<string[]> {
  const silent = adapters.filter(
    (adapter) => !started.includes(adapter) || adapter.isReady?.() === false,
  );
  return [
    ...((await answers(jobs)) ? [] : ['store']),
    ...(model.isReady?.() === false ? ['model'] : []),
    ...silent.map(({ name }) => `adapter ${name}`),
  ];
}

function answers(jobs: JobStore): Promise<boolean> {
  return within(storeTimeoutMs, jobs.countOpen()).then(
    () => true,
    () => false,
  );
}
