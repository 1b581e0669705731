import type { Kysely } from 'kysely';
import type { MessageEvent } from '../../adapter/platform-event.js';
import type { AcceptOptions, Job, JobEnd, MessageRate, RefusalReason } from '../job-store.js';
import { Bucket, type BucketKey, type BucketSize } from './buckets.js';
import type { DatabaseKind } from './database-kind.js';
import type { Database } from './schema.js';

const hourMs = 3_600_000;
const minuteMs = 60_000;

/** In place of a person, for all of a tenant. @internal */
export const wholeTenant = '';

/** A person is told once a minute that messages are refused. @internal */
export const tellingSize: BucketSize = { capacity: 1, perMs: 1 / minuteMs };

/** A bucket of so much time of the model within an hour. @internal */
export function modelTimeSize(msPerHour: number): BucketSize {
  return { capacity: msPerHour, perMs: msPerHour / hourMs };
}

type Refused = { reason: RefusalReason; retryAfterMs?: number } | undefined;

/** Which limit a message that comes has reached, if any; otherwise it counts for those to come. @internal */
export async function refusalOf(
  db: Kysely<Database>,
  { nowMs }: DatabaseKind,
  adapter: string,
  event: MessageEvent,
  options: AcceptOptions,
): Promise<Refused> {
  const { tenant, author } = event;
  const counts = await countOpen(db, adapter, event);
  const isReached = (count: number, most: number | undefined) =>
    most !== undefined && count >= most;
  if (options.policy === 'drop' && counts.inConversation > 0) return { reason: 'busy' };
  if (isReached(counts.ofPerson, options.maxOpenPerPerson)) return { reason: 'tooManyOpen' };
  if (isReached(counts.ofTenant, options.maxOpenPerTenant)) return { reason: 'tenantQueueFull' };
  if (isReached(counts.all, options.maxOpen)) return { reason: 'queueFull' };

  const bucket = (person: string, kind: BucketKey['kind'], size: BucketSize) =>
    new Bucket(db, nowMs, { adapter, tenant, person, kind }, size);
  const { person: personMs = null, tenant: tenantMs = null } = options.modelMsPerHour ?? {};
  const hasTime = async (person: string, msPerHour: number | null) =>
    msPerHour === null ? 0 : bucket(person, 'modelMs', modelTimeSize(msPerHour)).waitMs(1);
  const personWaitMs = await hasTime(author.id, personMs);
  if (personWaitMs > 0) return { reason: 'budget', retryAfterMs: personWaitMs };
  const tenantWaitMs = await hasTime(wholeTenant, tenantMs);
  if (tenantWaitMs > 0) return { reason: 'tenantBudget', retryAfterMs: tenantWaitMs };

  const takeOne = async (person: string, rate: MessageRate | null | undefined) => {
    if (rate == null) return 0;
    const messages = bucket(person, 'messages', {
      capacity: rate.burst,
      perMs: rate.perMinute / minuteMs,
    });
    return (await messages.take(1)) ? 0 : Math.max(1, await messages.waitMs(1));
  };
  const personRetryMs = await takeOne(author.id, options.perPerson);
  if (personRetryMs > 0) return { reason: 'tooFast', retryAfterMs: personRetryMs };
  const tenantRetryMs = await takeOne(wholeTenant, options.perTenant);
  if (tenantRetryMs > 0) return { reason: 'tenantTooFast', retryAfterMs: tenantRetryMs };
  return undefined;
}

/** How many messages wait or are answered. */
async function countOpen(
  db: Kysely<Database>,
  adapter: string,
  { tenant, conversationKey, author }: MessageEvent,
) {
  const { all, ofTenant, ofPerson, inConversation } = await db
    .selectFrom('jobs')
    .select(({ fn, eb, and }) => {
      const inTenant = [eb('adapter', '=', adapter), eb('tenant', '=', tenant)];
      const count = (...conditions: typeof inTenant) =>
        fn.count<number>(
          eb
            .case()
            .when(and([...inTenant, ...conditions]))
            .then(eb.ref('id'))
            .end(),
        );
      return [
        fn.countAll<number>().as('all'),
        count().as('ofTenant'),
        count(eb('author_id', '=', author.id)).as('ofPerson'),
        count(eb('conversation_key', '=', conversationKey)).as('inConversation'),
      ];
    })
    .where('status', 'in', ['waiting', 'running'])
    .executeTakeFirstOrThrow();
  return { all, ofTenant, ofPerson, inConversation };
}

/** Counts the time that the model worked for a job against the budgets of its person and tenant. @internal */
export async function bookModelTime(
  db: Kysely<Database>,
  { nowMs }: DatabaseKind,
  { adapter, event: { tenant, author } }: Job,
  { modelMs = 0, modelMsPerHour }: JobEnd,
): Promise<void> {
  const budgets: [string, number | null | undefined][] = [
    [author.id, modelMsPerHour?.person],
    [wholeTenant, modelMsPerHour?.tenant],
  ];
  for (const [person, msPerHour] of budgets) {
    if (msPerHour == null || modelMs === 0) continue;
    const key = { adapter, tenant, person, kind: 'modelMs' } as const;
    await new Bucket(db, nowMs, key, modelTimeSize(msPerHour)).spend(modelMs);
  }
}
