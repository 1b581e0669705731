import { describe, expect, it } from 'vitest';
import { textOf } from '../../../packages/core/src/conversation/message.ts';
import { addOne, databases, message, newConversation, picture, posted } from './store-fixture.ts';

const said = (text: string, createdAtMs: number, changes: Parameters<typeof message>[0] = {}) =>
  message({ parts: [{ type: 'text', text }], createdAtMs, ...changes });

describe.each(databases())('what %s keeps of old messages', (_, newDatabase) => {
  it('is nothing, and what followed them begins the conversation', async () => {
    const store = await (await newDatabase())();
    const id = await newConversation(store);
    const first = said('first', 10);
    const second = said('second', 20, { parentId: first.id, role: 'assistant' });
    const third = said('third', 30, { parentId: second.id });
    const messages = [first, second, third];
    await store.add(id, { pictures: [], messages, shownLeaf: third.id, title: 'first' });
    expect(await store.expire(25)).toBe(2);
    expect(await store.messagesOf(id)).toEqual([{ ...third, parentId: null }]);
    expect(await store.getConversation(id)).toMatchObject({ title: '', shownLeaf: third.id });
  });

  it('shows what is left where what was shown is gone', async () => {
    const store = await (await newDatabase())();
    const id = await newConversation(store);
    const root = said('root', 10);
    const shown = said('shown', 11, { parentId: root.id });
    const other = said('another version', 40, { parentId: root.id });
    await store.add(id, { pictures: [], messages: [root, other, shown], shownLeaf: shown.id });
    await store.expire(25);
    expect(await store.getConversation(id)).toMatchObject({ shownLeaf: other.id });
  });

  it('is no conversation with nothing else in it, and none in which nothing was said', async () => {
    const store = await (await newDatabase())();
    await addOne(store, said('old', 10));
    await newConversation(store);
    const kept = await addOne(store.forTenant('other'), said('new', 30));
    await store.expire(25);
    expect(await store.listConversations()).toEqual([]);
    expect((await store.forTenant('other').messagesOf(kept)).map(textOf)).toEqual(['new']);
  });

  it('is no picture but those that newer messages have too', async () => {
    const store = await (await newDatabase())();
    const [red, blue] = [picture('red'), picture('blue')];
    const old = { createdAtMs: 10, parts: [posted(red, 'ana'), posted(blue, 'ana')] };
    await addOne(store, message(old), [red, blue]);
    await addOne(store, message({ createdAtMs: 30, parts: [posted(blue, 'ben')] }), [blue]);
    await store.expire(25);
    await expect(store.pictureBytes(red.id)).rejects.toMatchObject({ code: 'picture.missing' });
    expect(await store.pictureBytes(blue.id)).toEqual(blue.bytes);
  });

  it('is as little when there are very many', async () => {
    const store = await (await newDatabase())();
    const id = await newConversation(store);
    const last = said('last', 449);
    const messages = Array.from({ length: 449 }, (_, index) => said(`${index}`, index));
    await store.add(id, { pictures: [], messages: [...messages, last], shownLeaf: last.id });
    expect(await store.expire(440)).toBe(440);
    expect(await store.messagesOf(id)).toHaveLength(10);
  });

  it('is everything from the moment that it is told', async () => {
    const store = await (await newDatabase())();
    const id = await addOne(store, said('exactly', 25));
    expect(await store.expire(25)).toBe(0);
    expect(await store.expire(25, { signal: AbortSignal.abort() })).toBe(0);
    expect(await store.messagesOf(id)).toHaveLength(1);
  });
});
