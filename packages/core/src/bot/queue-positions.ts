import type { OpenJob } from '../store/job-store.js';

/**
 * The order in which open jobs are likely answered: tenants in turn, and in each its people in turn, the
 * oldest of each first. Those that run are not in it. Who had the last turn is not known here, so that
 * neighbours may change places. @internal
 */
export function queueOrder(jobs: readonly OpenJob[]): OpenJob[] {
  const waiting = jobs.filter(({ isRunning }) => !isRunning);
  const inTenant = (job: OpenJob) => JSON.stringify([job.adapter, job.tenant]);
  return inTurn(waiting, inTenant, (ofTenant) => inTurn(ofTenant, ({ authorId }) => authorId));
}

/** One of each group, then the next of each, as `order` puts those of a group. */
function inTurn<Item>(
  items: readonly Item[],
  groupOf: (item: Item) => string,
  order: (group: Item[]) => Item[] = (group) => group,
): Item[] {
  const groups = [...Map.groupBy(items, groupOf).values()].map(order);
  const longest = Math.max(0, ...groups.map(({ length }) => length));
  return Array.from({ length: longest }, (_, round) =>
    groups.flatMap((group) => group[round] ?? []),
  ).flat();
}
