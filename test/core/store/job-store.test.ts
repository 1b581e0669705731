import { describe, expect, it } from 'vitest';
import type { MessageEvent } from '../../../packages/core/src/adapter/platform-event.ts';
import type { ReplyAction } from '../../../packages/core/src/adapter/reply-action.ts';
import type { JobStore, Reception } from '../../../packages/core/src/store/job-store.ts';
import type { Store } from '../../../packages/core/src/store/store.ts';
import { accepted, adapters, event, keyOf, leased, leaseMs, queue } from './job-fixture.ts';
import { addOne, databases, message } from './store-fixture.ts';

async function leasedIds(jobs: JobStore): Promise<string[]> {
  const ids: string[] = [];
  for (
    let job = await jobs.lease(adapters, leaseMs);
    job;
    job = await jobs.lease(adapters, leaseMs)
  )
    ids.push(job.event.messageId);
  return ids;
}

const reasonOf = (reception: Reception) =>
  typeof reception === 'object' ? reception.reason : reception;

const action: ReplyAction = {
  label: 'Correct',
  command: { name: 'ticket', options: { number: 5, status: 'closed', urgent: true } },
  ask: [{ option: 'summary', value: 'It broke.' }, { option: 'product' }],
  style: 'danger',
};

const lost = { code: 'job.lost' };

describe.each(databases())('the jobs in %s', (_, newDatabase) => {
  const openJobs = async () => (await (await newDatabase())()).jobs;

  it('give back a message as it was accepted, after a restart too', async () => {
    const open = await newDatabase();
    const first = await open();
    const question = event();
    await accepted(first.jobs, question);
    await first.close();
    const job = await leased((await open()).jobs);
    expect(job).toMatchObject({ adapter: 'test', attempts: 1, revision: 0, replies: [] });
    expect(job.event).toEqual(question);
  });

  it('know an event that is delivered again, and a message that comes with another one', async () => {
    const jobs = await openJobs();
    const question = event();
    await accepted(jobs, question);
    expect(await jobs.accept('test', question, queue)).toBe('known');
    expect(await jobs.accept('test', { ...question, eventId: 'again' }, queue)).toBe('known');
    await jobs.end(await leased(jobs));
    expect(await jobs.accept('test', question, queue)).toBe('known');
    expect(await jobs.lease(adapters, leaseMs)).toBeUndefined();
  });

  it('know each of many events once that are delivered at the same time', async () => {
    const jobs = await openJobs();
    const question = event();
    const results = await Promise.all(
      Array.from({ length: 10 }, () => jobs.accept('test', question, queue)),
    );
    expect(results.toSorted()).toEqual(['accepted', ...Array(9).fill('known')]);
  });

  it('take the same ids of another tenant or adapter for others', async () => {
    const jobs = await openJobs();
    const question = event();
    await accepted(jobs, question, { ...question, tenant: 'b' });
    expect(await jobs.accept('other', question, queue)).toBe('accepted');
    expect(await jobs.countOpen()).toBe(3);
    expect(await leasedIds(jobs)).toHaveLength(2);
  });

  it('come one at a time in a conversation, in order, and side by side in several', async () => {
    const jobs = await openJobs();
    const [one, two] = [event({ messageId: '1' }), event({ messageId: '2' })];
    const other = event({ messageId: '3', conversationKey: 'random' });
    await accepted(jobs, one, two, other);
    const job = await leased(jobs);
    expect(job.event.messageId).toBe('1');
    expect(await leasedIds(jobs)).toEqual(['3']);
    await jobs.end(job);
    expect(await leasedIds(jobs)).toEqual(['2']);
  });

  it('are given to tenants in turn, and to the people of each in turn, whoever asks most', async () => {
    const jobs = await openJobs();
    const by = (tenant: string, person: string, messageId: string) =>
      event({
        tenant,
        messageId,
        conversationKey: messageId,
        author: { id: person, name: person },
      });
    const flood = Array.from({ length: 6 }, (_, index) => by('a', 'flooder', `flood-${index}`));
    await accepted(jobs, ...flood, by('a', 'ana', 'ana-1'), by('b', 'ben', 'ben-1'));
    const order: string[] = [];
    for (let count = 0; count < 8; count++) {
      order.push((await leased(jobs)).event.messageId);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(order.slice(0, 3)).toEqual(['flood-0', 'ben-1', 'ana-1']);
    expect(order.slice(3)).toEqual(flood.slice(1).map(({ messageId }) => messageId));
  });

  it('are not taken of a person who has too many, until one has ended', async () => {
    const jobs = await openJobs();
    const two = { ...queue, maxOpenPerPerson: 2 };
    const results: string[] = [];
    const accept = async (each: MessageEvent) =>
      results.push(reasonOf(await jobs.accept('test', each, two)));
    await accept(event());
    await accept(event());
    const third = event();
    await accept(third);
    await accept(event({ author: { id: 'u2', name: 'Ben' } }));
    await jobs.end(await leased(jobs));
    await accept(third);
    await accept(event());
    expect(results).toEqual([
      'accepted',
      'accepted',
      'tooManyOpen',
      'accepted',
      'known',
      'accepted',
    ]);
  });

  it('are found by their conversation while they wait or are held, oldest first', async () => {
    const jobs = await openJobs();
    const [one, two] = [event({ messageId: '1' }), event({ messageId: '2' })];
    await accepted(jobs, one, two, event({ messageId: '3', conversationKey: 'random' }));
    const { adapter, tenant, conversationKey } = keyOf(one);
    const open = () => jobs.openMessages({ adapter, tenant, conversationKey });
    const job = await leased(jobs);
    expect(await open()).toEqual([one, two]);
    expect(await jobs.openMessages({ adapter, tenant: 'b', conversationKey })).toEqual([]);
    const news = { id: 'news', texts: ['News!'] };
    await jobs.announce({ adapter, tenant, conversationKey, ...news });
    await jobs.end(job);
    expect(await open()).toEqual([two]);
  });

  it('are each given to one of many workers', async () => {
    const jobs = await openJobs();
    const events = Array.from({ length: 12 }, (_, index) =>
      event({ conversationKey: `c${index % 6}` }),
    );
    await accepted(jobs, ...events);
    const taken = await Promise.all(
      Array.from({ length: 12 }, () => jobs.lease(adapters, leaseMs)),
    );
    const ids = taken.flatMap((job) => (job === undefined ? [] : [job.id]));
    expect(new Set(ids).size).toBe(ids.length);
    const keys = taken.flatMap((job) => (job === undefined ? [] : [job.event.conversationKey]));
    expect(new Set(keys).size).toBe(keys.length);
    expect((await leasedIds(jobs)).length + ids.length).toBe(6);
  });

  it('are given again when their lease ran out, and the first holder can write no more', async () => {
    const jobs = await openJobs();
    await accepted(jobs, event());
    const first = await jobs.lease(adapters, 0);
    if (first === undefined) throw new Error('There is no job.');
    await new Promise((resolve) => setTimeout(resolve, 5));
    const second = await leased(jobs);
    expect(second).toMatchObject({ id: first.id, attempts: 2 });
    await expect(jobs.renew(first, leaseMs)).rejects.toMatchObject(lost);
    await expect(jobs.posted(first, { position: 0, postId: 'p' })).rejects.toMatchObject(lost);
    await expect(jobs.postpone(first, 0)).rejects.toMatchObject(lost);
    await expect(jobs.end(first)).rejects.toMatchObject(lost);
    await expect(jobs.holding(first, async () => {})).rejects.toMatchObject(lost);
    await jobs.end(second);
    await expect(jobs.end(second)).rejects.toMatchObject(lost);
  });

  it('stay held as long as they are renewed', async () => {
    const jobs = await openJobs();
    await accepted(jobs, event());
    const job = await jobs.lease(adapters, 0);
    if (job === undefined) throw new Error('There is no job.');
    await jobs.renew(job, leaseMs);
    expect(await jobs.lease(adapters, leaseMs)).toBeUndefined();
  });

  it('write all or nothing of what belongs together while they are held', async () => {
    const store = await (await newDatabase())();
    await accepted(store.jobs, event());
    const job = await leased(store.jobs);
    const failing = store.jobs.holding(job, async ({ conversations, setReplies }) => {
      await addOne(conversations, message());
      await setReplies(['It is a cat.']);
      throw new Error('and then it failed');
    });
    await expect(failing).rejects.toThrow();
    expect(await store.forTenant('a').listConversations()).toEqual([]);
    const id = await store.jobs.holding(job, ({ conversations }) =>
      addOne(conversations, message({ parts: [{ type: 'text', text: 'kept' }] })),
    );
    expect(await store.forTenant('a').messagesOf(id)).toHaveLength(1);
    expect(await store.listConversations()).toEqual([]);
  });

  it('remember what was posted and what is to be posted', async () => {
    const jobs = await openJobs();
    await accepted(jobs, event());
    const job = await leased(jobs);
    await jobs.posted(job, { position: 0, postId: 'post-1' });
    await jobs.posted(job, { position: 1, postId: 'post-2' });
    await jobs.holding(job, ({ setReplies }) => setReplies(['One.']));
    await jobs.postpone(job, 0);
    expect((await leased(jobs)).replies).toEqual([
      { position: 0, text: 'One.', postId: 'post-1' },
      { position: 1, text: '', postId: 'post-2' },
    ]);
  });

  it('remember what people can press below the last message, until it is forgotten', async () => {
    const open = await newDatabase();
    const store = await open();
    const { jobs } = store;
    const question = event();
    await accepted(jobs, question);
    const job = await leased(jobs);
    await jobs.posted(job, { position: 0, postId: 'post-1' });
    await jobs.posted(job, { position: 2, postId: 'post-3' });
    await jobs.holding(job, ({ setReplies }) => setReplies(['One.', 'Two.', ''], [action]));
    await jobs.postpone(job, 0);
    await jobs.posted(job, { position: 1, postId: 'post-2' }).catch(() => {});
    const again = await leased(jobs);
    expect(again.replies).toEqual([
      { position: 0, text: 'One.', postId: 'post-1' },
      { position: 1, text: 'Two.', postId: null, actions: [action] },
      { position: 2, text: '', postId: 'post-3' },
    ]);
    await jobs.end(again, { lastPost: { position: 1, postId: 'post-2' } });
    const actions = (tenant = 'a', postId = 'post-2') =>
      jobs.actionsOf('test', tenant, 'general', postId);
    expect(await actions()).toEqual([action]);
    expect(await actions('a', 'post-1')).toEqual([]);
    expect(await actions('b')).toEqual([]);
    expect(await jobs.revise(keyOf(question), 'changed', question)).toBe('accepted');
    expect(await actions()).toEqual([]);
  });

  it.each([
    ['a deletion', ({ jobs }: Store) => jobs.cancel(keyOf(event({ messageId: 'asked' })))],
    ['age', (store: Store) => store.expire(Date.now() + 1_000_000)],
    [
      'somebody who asks for it',
      (store: Store) => store.forget({ tenant: 'a', person: { adapter: 'test', id: 'u1' } }),
    ],
  ])('forget what people can press: %s', async (_, forget) => {
    const store = await (await newDatabase())();
    const { jobs } = store;
    await accepted(jobs, event({ messageId: 'asked' }));
    const asked = await leased(jobs);
    await jobs.holding(asked, ({ setReplies }) => setReplies(['One.'], [action]));
    await jobs.end(asked, { lastPost: { position: 0, postId: 'post-1' } });
    const actions = () => jobs.actionsOf('test', 'a', 'general', 'post-1');
    expect(await actions()).toEqual([action]);
    await forget(store);
    expect(await actions()).toEqual([]);
  });

  it('keep what people can press below an announcement', async () => {
    const { jobs } = await (await newDatabase())();
    const news = { adapter: 'test', tenant: 'a', conversationKey: 'general', id: 'news' };
    await jobs.announce({ ...news, texts: ['One.', 'Two.'], actions: [action] });
    expect((await leased(jobs)).replies).toMatchObject([
      { text: 'One.' },
      { text: 'Two.', actions: [action] },
    ]);
  });

  it('wait when they are given back, and the conversation with them', async () => {
    const jobs = await openJobs();
    await accepted(jobs, event(), event());
    await jobs.postpone(await leased(jobs), 60_000);
    expect(await jobs.lease(adapters, leaseMs)).toBeUndefined();
  });

  it('of a changed message are done again with its new text, whoever held or ended them', async () => {
    const jobs = await openJobs();
    const question = event();
    await accepted(jobs, question);
    const first = await leased(jobs);
    await jobs.posted(first, { position: 0, postId: 'post-1' });
    const change = { text: 'Which colour?', attachments: [] };
    expect(await jobs.revise(keyOf(question), 'edit-1', change)).toBe('accepted');
    expect(await jobs.revise(keyOf(question), 'edit-1', change)).toBe('known');
    await expect(jobs.end(first)).rejects.toMatchObject(lost);
    const second = await leased(jobs);
    expect(second).toMatchObject({ revision: 1, event: change, replies: [{ postId: 'post-1' }] });
    await jobs.end(second);
    await jobs.revise(keyOf(question), 'edit-2', { ...change, text: 'Which form?' });
    expect((await leased(jobs)).event.text).toBe('Which form?');
    expect(await jobs.revise({ ...keyOf(question), messageId: 'other' }, 'edit-3', change)).toBe(
      'known',
    );
  });

  it('tell the span that they came with, and how long they waited since they came or were changed', async () => {
    const jobs = await openJobs();
    const question = event();
    const spanOf = (digit: string) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`;
    await jobs.accept('test', question, { ...queue, traceparent: spanOf('a') });
    await jobs.postpone(await leased(jobs), 0);
    const again = await leased(jobs);
    expect(again.traceparent).toBe(spanOf('a'));
    expect(again.waitedMs).toBeGreaterThanOrEqual(0);
    expect(again.waitedMs).toBeLessThan(3_600_000);
    await jobs.revise(keyOf(question), 'edit-1', question, spanOf('b'));
    expect((await leased(jobs)).traceparent).toBe(spanOf('b'));
    await jobs.revise(keyOf(question), 'edit-2', question);
    expect((await leased(jobs)).traceparent).toBeNull();
  });

  it('of a deleted message are ended, and what was posted for it is told', async () => {
    const jobs = await openJobs();
    const question = event();
    await accepted(jobs, question);
    const job = await leased(jobs);
    await jobs.posted(job, { position: 0, postId: 'post-1' });
    expect(await jobs.cancel(keyOf(question))).toMatchObject({ replies: [{ postId: 'post-1' }] });
    await expect(jobs.renew(job, leaseMs)).rejects.toMatchObject(lost);
    const late = { text: 'A late edit?', attachments: [] };
    expect(await jobs.revise(keyOf(question), 'late', late)).toBe('known');
    expect(await jobs.countOpen()).toBe(0);
  });

  it('replace those before them, or are not done, when the policy says so', async () => {
    const jobs = await openJobs();
    const [one, two, three] = [event(), event(), event()];
    const other = event({ conversationKey: 'random' });
    await accepted(jobs, one, other, two);
    const job = await leased(jobs);
    await jobs.accept('test', three, { ...queue, policy: 'replace' });
    await expect(jobs.renew(job, leaseMs)).rejects.toMatchObject(lost);
    expect(await leasedIds(jobs)).toEqual([other.messageId, three.messageId]);
    expect(await jobs.accept('test', event(), { ...queue, policy: 'drop' })).toEqual({
      reason: 'busy',
      isToBeTold: false,
    });
    expect(await jobs.countOpen()).toBe(2);
  });

  it('are known until nobody delivers their events any more', async () => {
    const jobs = await openJobs();
    const question = event();
    await accepted(jobs, question);
    await jobs.end(await leased(jobs));
    await jobs.purge(Date.now() - 60_000);
    expect(await jobs.accept('test', question, queue)).toBe('known');
    await jobs.purge(Date.now() + 60_000);
    expect(await jobs.accept('test', question, queue)).toBe('accepted');
  });
});
