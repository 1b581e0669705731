import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  type MessageId,
  messageIdSchema,
} from '../../../packages/core/src/conversation/message.ts';
import { addOne, databases, message, newConversation, picture, posted } from './store-fixture.ts';

describe.each(databases())('the conversations in %s', (_, newDatabase) => {
  it('gives back what was put in, after it was closed and opened again', async () => {
    const open = await newDatabase();
    const store = await open();
    const id = await newConversation(store);
    const [red, blue] = [picture('red'), picture('blue')];
    const question = message({
      parts: [
        posted(red, 'ana'),
        { type: 'text', text: 'Which 🐈 colour?\n' },
        posted(blue, 'ben', { type: 'page', page: 2, pages: 40 }, 'forward'),
        posted(red, 'ben', { type: 'frame', atMs: 0, durationMs: 12_345 }),
      ],
    });
    const answer = message({ parentId: question.id, role: 'assistant', status: 'running' });
    await store.add(id, {
      pictures: [red, blue],
      messages: [question, answer],
      shownLeaf: answer.id,
      title: 'T',
    });
    await store.close();

    const opened = await open();
    expect(await opened.getConversation(id)).toMatchObject({
      id,
      title: 'T',
      systemMessage: 'Be brief.',
      shownLeaf: answer.id,
    });
    expect((await opened.messagesOf(id))[0]).toEqual(question);
    expect(Buffer.from(await opened.pictureBytes(red.id))).toEqual(red.bytes);
    expect(await opened.picture(blue.id)).toMatchObject({
      mediaType: 'image/png',
      widthPx: 4,
      heightPx: 5,
    });
  });

  it('adds all of a message or nothing', async () => {
    const store = await (await newDatabase())();
    const id = await newConversation(store);
    const orphan = message({ parentId: messageIdSchema.parse(randomUUID()) });
    const first = message();
    const adding = store.add(id, {
      pictures: [picture('x')],
      messages: [first, orphan],
      shownLeaf: first.id,
    });
    await expect(adding).rejects.toMatchObject({ code: 'store.failed' });
    expect(await store.messagesOf(id)).toEqual([]);
    expect((await store.getConversation(id)).shownLeaf).toBeNull();
    await expect(store.picture(picture('x').id)).rejects.toMatchObject({ code: 'picture.missing' });
  });

  it('removes messages with what followed them, and pictures nobody refers to', async () => {
    const store = await (await newDatabase())();
    const [red, blue] = [picture('red'), picture('blue')];
    const first = message({ parts: [posted(red, 'ana')] });
    const id = await addOne(store, first, [red]);
    const second = message({ parentId: first.id, parts: [posted(blue, 'ana')] });
    await store.add(id, { pictures: [blue], messages: [second], shownLeaf: second.id });
    await store.remove(id, { messages: [second.id], shownLeaf: first.id });
    expect((await store.messagesOf(id)).map((each) => each.id)).toEqual([first.id]);
    await expect(store.pictureBytes(blue.id)).rejects.toMatchObject({ code: 'picture.missing' });
    await expect(store.pictureBytes(red.id)).resolves.toBeDefined();
  });

  it('lists the conversation that changed last first', async () => {
    const store = await (await newDatabase())();
    const ids = [await newConversation(store), await newConversation(store)];
    for (const id of ids)
      await store.add(id, { pictures: [], messages: [], shownLeaf: message().id });
    await new Promise((resolve) => setTimeout(resolve, 5));
    await store.renameConversation(ids[0] ?? ('' as never), 'changed');
    expect((await store.listConversations()).map((each) => each.id)).toEqual(ids);
  });

  it('keeps tenants apart, pictures included', async () => {
    const store = await (await newDatabase())();
    const other = store.forTenant('other');
    const red = picture('red');
    const answer = message({ parts: [posted(red, 'ana')] });
    const id = await addOne(store, answer, [red]);
    expect(await other.listConversations()).toEqual([]);
    expect(await other.messagesOf(id)).toEqual([]);
    const missing: (() => Promise<unknown>)[] = [
      () => other.getConversation(id),
      () => other.deleteConversation(id),
      () => other.rate(id, answer.id, 'up'),
      () => other.show(id, answer.id),
      () => other.add(id, { pictures: [], messages: [message()], shownLeaf: answer.id }),
      () => other.remove(id, { messages: [answer.id], shownLeaf: null }),
    ];
    for (const each of missing)
      await expect(each()).rejects.toMatchObject({ code: 'store.notFound' });
    await expect(other.picture(red.id)).rejects.toMatchObject({ code: 'picture.missing' });
    await addOne(other, message({ parts: [posted(red, 'eve')] }), [red]);
    await store.deleteConversation(id);
    await expect(other.pictureBytes(red.id)).resolves.toBeDefined();
  });

  it('names a message that is not there', async () => {
    const store = await (await newDatabase())();
    const id = await addOne(store, message());
    const stranger: MessageId = message().id;
    await expect(store.changeAnswer(id, stranger, { text: 'x' })).rejects.toMatchObject({
      code: 'store.notFound',
    });
    await expect(store.rate(id, stranger, 'up')).rejects.toMatchObject({ code: 'store.notFound' });
  });

  it('takes a text with characters that databases have no place for', async () => {
    const store = await (await newDatabase())();
    const id = await addOne(store, message({ parts: [{ type: 'text', text: 'a\0b' }] }));
    const [kept] = await store.messagesOf(id);
    expect(kept?.parts).toEqual([{ type: 'text', text: expect.stringMatching(/^a[\0\uFFFD]b$/) }]);
  });
});
