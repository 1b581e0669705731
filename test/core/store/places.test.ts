import { describe, expect, it } from 'vitest';
import { accepted, event, keyOf, leased, queue } from './job-fixture.ts';
import { addOne, databases, message } from './store-fixture.ts';

describe.each(databases())('the jobs in %s', (_, newDatabase) => {
  const openJobs = async () => (await (await newDatabase())()).jobs;

  it('tell the latest message of people in each conversation of an adapter', async () => {
    const jobs = await openJobs();
    const at = (messageId: string, postedAtMs: number, conversationKey = 'general') =>
      event({ messageId, postedAtMs, conversationKey });
    await accepted(jobs, at('1', 1000), at('2', 3000), at('3', 2000, 'random'), at('4', 10, 'old'));
    await accepted(jobs, { ...at('5', 2500), tenant: 'b' });
    await jobs.accept('other', at('6', 5000), queue);
    const { tenant } = event();
    const news = { adapter: 'test', tenant, conversationKey: 'general', id: 'news', texts: ['!'] };
    await jobs.announce(news);
    await jobs.end(await leased(jobs));
    const latest = await jobs.recentMessages('test', 1000, 10);
    expect(latest).toEqual([
      { adapter: 'test', tenant, conversationKey: 'general', messageId: '2' },
      { adapter: 'test', tenant: 'b', conversationKey: 'general', messageId: '5' },
      { adapter: 'test', tenant, conversationKey: 'random', messageId: '3' },
    ]);
    expect(await jobs.recentMessages('test', 1000, 1)).toEqual(latest.slice(0, 1));
    // One that is older is known only later, as when a change of it mentions the bot.
    await accepted(jobs, at('7', 1500));
    expect(await jobs.recentMessages('test', 1000, 10)).toEqual(latest);
  });

  it('tell the latest messages of a person, of some longer than their jobs are known', async () => {
    const jobs = await openJobs();
    const at = (messageId: string, postedAtMs: number, conversationKey = 'general') =>
      event({ messageId, postedAtMs, conversationKey });
    const ben = { id: 'ben', name: 'Ben' };
    await accepted(jobs, at('1', 1000), at('2', 2000, 'random'), at('3', 3000));
    await accepted(
      jobs,
      { ...at('4', 4000, 'old'), author: ben },
      { ...at('5', 5000), tenant: 'b' },
    );
    const { tenant, author } = event();
    const person = { adapter: 'test', id: author.id };
    const told = async (limit = 10) =>
      (await jobs.messagesOf(tenant, person, limit)).map(({ messageId, postedAtMs }) => [
        messageId,
        postedAtMs,
      ]);
    const all = [
      ['3', 3000],
      ['2', 2000],
      ['1', 1000],
    ];
    expect(await told()).toEqual(all);
    expect(await told(1)).toEqual(all.slice(0, 1));
    for (let count = 0; count < 5; count++) await jobs.end(await leased(jobs));
    await jobs.purge(Date.now() + 60_000);
    expect(await told()).toEqual(all.slice(0, 2));
  });

  it('tell the latest message of a conversation as long as messages are kept', async () => {
    const store = await (await newDatabase())();
    const { jobs } = store;
    await accepted(jobs, event({ messageId: '1', postedAtMs: 1000 }));
    await accepted(jobs, event({ messageId: '2', postedAtMs: 3000, conversationKey: 'random' }));
    for (let count = 0; count < 2; count++) await jobs.end(await leased(jobs));
    await jobs.purge(Date.now() + 60_000);
    const told = async () =>
      (await jobs.recentMessages('test', 0, 10)).map(({ messageId }) => messageId);
    expect(await told()).toEqual(['2', '1']);
    await store.expire(2000);
    expect(await told()).toEqual(['2']);
    await store.forget({ tenant: 'another' });
    expect(await told()).toEqual(['2']);
    await store.forget({ tenant: 'a' });
    expect(await told()).toEqual([]);
  });

  it('tell nothing of a person who was forgotten for longer than their messages could come again', async () => {
    const open = await newDatabase();
    const store = await open();
    const { jobs } = store;
    const ben = { id: 'u2', name: 'Ben' };
    await accepted(jobs, event({ messageId: '1' }));
    await accepted(jobs, event({ messageId: '2', conversationKey: 'random', author: ben }));
    for (let count = 0; count < 2; count++) await jobs.end(await leased(jobs));
    const told = async () =>
      (await jobs.recentMessages('test', 0, 10)).map(({ messageId }) => messageId).toSorted();
    await store.forget({ tenant: 'a', person: { adapter: 'another', id: 'u1' } });
    await store.forget({ tenant: 'a', person: { adapter: 'test', id: 'u1' } });
    expect(await told()).toEqual(['1', '2']);
    await jobs.purge(Date.now() + 60_000);
    expect(await told()).toEqual(['2']);
  });

  it('tell which messages of a conversation are known, also deleted ones, the newest first', async () => {
    const store = await (await newDatabase())();
    const { jobs } = store;
    const at = (messageId: string, postedAtMs: number, conversationKey = 'general') =>
      event({ messageId, postedAtMs, conversationKey });
    const deleted = at('2', 2);
    await accepted(jobs, at('3', 3), at('1', 1), deleted, at('4', 4, 'random'));
    await accepted(jobs, { ...at('5', 5), tenant: 'b' });
    await jobs.announce({ ...keyOf(event()), id: 'news', texts: ['!'] });
    await jobs.cancel(keyOf(deleted));
    await jobs.end(await leased(jobs));
    const general = { adapter: 'test', tenant: 'a', conversationKey: 'general' };
    expect(await jobs.knownIn(general, 10)).toEqual(['3', '2', '1']);
    expect(await jobs.knownIn(general, 1)).toEqual(['3']);
    expect(await jobs.knownIn({ ...general, adapter: 'other' }, 10)).toEqual([]);
    await store.forget({ tenant: 'a', person: { adapter: 'test', id: 'u1' } });
    expect(await jobs.knownIn(general, 10)).toEqual([]);
  });

  it('tell the tenants of an adapter, also of those whose jobs are not known any more', async () => {
    const store = await (await newDatabase())();
    const { jobs } = store;
    await accepted(jobs, event());
    await jobs.end(await leased(jobs));
    await jobs.purge(Date.now() + 60_000);
    const place = { conversationKey: 'general', id: 'news', texts: ['!'] };
    await jobs.announce({ adapter: 'test', tenant: 'b', ...place });
    await jobs.announce({ adapter: 'other', tenant: 'c', ...place });
    const person = { adapter: 'test', id: 'u1' };
    await addOne(store.forTenant('d'), message({ person }));
    expect((await jobs.tenants('test')).toSorted()).toEqual(['a', 'b', 'd']);
    await store.forget({ tenant: 'a' });
    expect((await jobs.tenants('test')).toSorted()).toEqual(['b', 'd']);
  });
});
