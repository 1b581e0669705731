import { describe, expect, it } from 'vitest';
import type { NewAnnouncement } from '../../../packages/core/src/store/job-store.ts';
import type { Store } from '../../../packages/core/src/store/store.ts';
import { leased } from './job-fixture.ts';
import { addOne, databases, message, picture, posted } from './store-fixture.ts';

const inTenant = { adapter: 'test', tenant: 'a', conversationKey: 'news' };
const [red, blue] = [picture('the bytes of red'), picture('the bytes of blue')];
const about = (name: string) => ({ name, description: `What ${name} shows` });

function news(changes: Partial<NewAnnouncement> = {}): NewAnnouncement {
  const pictures = [
    { ...red, ...about('red.png') },
    { ...blue, ...about('blue.png') },
  ];
  return { ...inTenant, id: 'news 1', texts: ['First.', 'News!'], pictures, ...changes };
}

const isKept = (store: Store, { id }: typeof red, tenant = 'a') =>
  store
    .forTenant(tenant)
    .pictureBytes(id)
    .then(
      () => true,
      () => false,
    );

describe.each(databases())('pictures that are announced, in %s', (_, newDatabase) => {
  it('outlive the process, in order, and are gone when they are posted', async () => {
    const open = await newDatabase();
    const first = await open();
    expect(await first.jobs.announce(news())).toBe('accepted');
    expect(await first.jobs.announce(news())).toBe('known');
    await first.close();
    const store = await open();
    const job = await leased(store.jobs);
    expect(await store.jobs.picturesToPost(job)).toEqual([
      { id: red.id, bytes: red.bytes, mediaType: 'image/png', ...about('red.png') },
      { id: blue.id, bytes: blue.bytes, mediaType: 'image/png', ...about('blue.png') },
    ]);
    await store.jobs.end(job);
    expect(await store.jobs.picturesToPost(job)).toEqual([]);
    expect(await Promise.all([red, blue].map((each) => isKept(store, each)))).toEqual([
      false,
      false,
    ]);
    await store.overwriteDeleted();
    expect(await open.wordsOnDisk([red.bytes, 'What red.png shows'])).toEqual([]);
  });

  it('are kept once, and as long as a message or another announcement needs them', async () => {
    const store = await (await newDatabase())();
    const messages = store.forTenant('a');
    const said = message({ parts: [posted(red, 'Ana')] });
    const conversation = await addOne(messages, said, [red]);
    await store.jobs.announce(news());
    await store.jobs.announce(news({ id: 'news 2', conversationKey: 'other' }));
    await store.jobs.end(await leased(store.jobs));
    expect([await isKept(store, red), await isKept(store, blue)]).toEqual([true, true]);
    await messages.deleteConversation(conversation);
    expect(await isKept(store, red)).toBe(true);
    await store.jobs.end(await leased(store.jobs));
    expect([await isKept(store, red), await isKept(store, blue)]).toEqual([false, false]);
  });

  it('stay with a message that shows them too', async () => {
    const store = await (await newDatabase())();
    await addOne(store.forTenant('a'), message({ parts: [posted(red, 'Ana')] }), [red]);
    await store.jobs.announce(news());
    await store.jobs.end(await leased(store.jobs));
    expect([await isKept(store, red), await isKept(store, blue)]).toEqual([true, false]);
  });

  it('stay where somebody else holds the job by now', async () => {
    const store = await (await newDatabase())();
    await store.jobs.announce(news());
    const job = await leased(store.jobs);
    await expect(store.jobs.end({ ...job, fence: job.fence - 1 })).rejects.toThrow(/taken over/);
    expect(await store.jobs.picturesToPost(job)).toHaveLength(2);
  });

  it('are forgotten with their tenant, and no other one’s', async () => {
    const store = await (await newDatabase())();
    await store.jobs.announce(news());
    await store.jobs.announce(news({ tenant: 'b' }));
    await store.forget({ tenant: 'a' });
    expect([await isKept(store, red), await isKept(store, red, 'b')]).toEqual([false, true]);
    expect(await store.jobs.picturesToPost(await leased(store.jobs))).toHaveLength(2);
    expect(await store.jobs.countOpen()).toBe(1);
  });

  it('are forgotten with a person, whom they may show, while the text is posted', async () => {
    const store = await (await newDatabase())();
    await store.jobs.announce(news());
    await store.forget({ tenant: 'a', person: { adapter: 'test', id: 'u1' } });
    expect(await isKept(store, red)).toBe(false);
    const job = await leased(store.jobs);
    expect(await store.jobs.picturesToPost(job)).toEqual([]);
    expect(job.replies.map(({ text }) => text)).toEqual(['First.', 'News!']);
  });
});
