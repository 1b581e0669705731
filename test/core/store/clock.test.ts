import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Store } from '../../../packages/core/src/store/store.ts';
import { accepted, adapters, event, leased, leaseMs, queue } from './job-fixture.ts';
import { databases, type TestDatabase } from './store-fixture.ts';

/** All times in the database are an hour later, which is as if its clock were set back by an hour. */
async function withClockSetBack(store: Store, open: TestDatabase): Promise<Store> {
  await store.close();
  for (const [table, column] of [
    ['jobs', 'due_at_ms'],
    ['jobs', 'accepted_at_ms'],
    ['turns', 'leased_at_ms'],
    ['buckets', 'updated_at_ms'],
    ['events', 'received_at_ms'],
  ])
    await open.run(`update ${table} set ${column} = ${column} + 3600000`);
  return open();
}

const soon = { timeout: 8000, interval: 50 };

describe.each(databases())('when the clock of %s is set back by an hour', (_, newDatabase) => {
  it('a message that was given back is answered after its own delay', async () => {
    const open = await newDatabase();
    const store = await open();
    await accepted(store.jobs, event());
    await store.jobs.postpone(await leased(store.jobs), 200);
    const { jobs } = await withClockSetBack(store, open);
    await expect.poll(() => jobs.lease(adapters, leaseMs), soon).toMatchObject({ attempts: 2 });
  });

  it('a message that somebody held who died is given to another one', async () => {
    const open = await newDatabase();
    const store = await open();
    await accepted(store.jobs, event());
    await store.jobs.lease(adapters, 300);
    const { jobs } = await withClockSetBack(store, open);
    await expect.poll(() => jobs.lease(adapters, leaseMs), soon).toMatchObject({ attempts: 2 });
  });

  it('nobody is refused who has room, or waited as long as before', async () => {
    const open = await newDatabase();
    const store = await open();
    const limits = {
      ...queue,
      perPerson: { burst: 2, perMinute: 40 },
      modelMsPerHour: { person: 3_600_000, tenant: null },
    };
    await store.jobs.accept('test', event(), limits);
    const again = await withClockSetBack(store, open);
    expect(await again.jobs.accept('test', event(), limits)).toBe('accepted');
    const spent = await again.jobs.accept('test', event(), limits);
    expect(spent).toMatchObject({ reason: 'tooFast' });
    const { jobs } = await withClockSetBack(again, open);
    await jobs.accept('test', event(), limits);
    await expect
      .poll(() => jobs.accept('test', event(), limits), { timeout: 8000, interval: 1000 })
      .toBe('accepted');
  });

  it('a budget of the model fills again from then on', async () => {
    const open = await newDatabase();
    const store = await open();
    const modelMsPerHour = { person: 3_600_000, tenant: null };
    const limits = { ...queue, modelMsPerHour };
    await accepted(store.jobs, event());
    const job = await leased(store.jobs);
    await store.jobs.end(job, { modelMs: 3_600_100, modelMsPerHour });
    const { jobs } = await withClockSetBack(store, open);
    await expect.poll(() => jobs.accept('test', event(), limits), soon).toBe('accepted');
  });

  it('a tenant that had a turn does not wait until that time is over', async () => {
    const open = await newDatabase();
    const store = await open();
    await accepted(store.jobs, event({ tenant: 'a' }));
    await store.jobs.end(await leased(store.jobs));
    const { jobs } = await withClockSetBack(store, open);
    await accepted(jobs, event({ tenant: 'a', conversationKey: 'second' }));
    for (const conversationKey of ['one', 'two', 'three'])
      await accepted(jobs, event({ tenant: 'b', conversationKey }));
    const tenants: string[] = [];
    for (let taken = 0; taken < 2; taken++) {
      tenants.push((await leased(jobs)).event.tenant);
      await wait(2);
    }
    expect(tenants).toContain('a');
  });
});
