import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { imageIdSchema } from '../../../packages/core/src/conversation/chat-message.ts';
import {
  conversationIdSchema,
  type MessageId,
  messageIdSchema,
} from '../../../packages/core/src/conversation/message.ts';
import type {
  ConversationStore,
  PictureRecord,
  StoredMessage,
} from '../../../packages/core/src/store/conversation-store.ts';
import { openSqliteStore } from '../../../packages/core/src/store/sqlite/sqlite-store.ts';
import { temporaryFolder } from '../bot/bot-fixture.ts';

async function openAt(path: string) {
  const store = await openSqliteStore({ path });
  onTestFinished(() => store.close());
  return store;
}

const openNew = async () => openAt(join(await temporaryFolder(), 'chat.sqlite'));

async function newConversation(store: ConversationStore) {
  const id = conversationIdSchema.parse(randomUUID());
  const times = { createdAtMs: 1, updatedAtMs: 1 };
  await store.createConversation({
    id,
    title: '',
    systemMessage: 'Be brief.',
    shownLeaf: null,
    consentedAtMs: null,
    ...times,
  });
  return id;
}

function picture(content: string): PictureRecord {
  const bytes = Buffer.from(content);
  const id = imageIdSchema.parse(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  return { id, bytes, mediaType: 'image/png', widthPx: 4, heightPx: 5 };
}

function message(changes: Partial<StoredMessage> = {}): StoredMessage {
  const id = messageIdSchema.parse(randomUUID());
  return {
    id,
    parentId: null,
    role: 'user',
    parts: [],
    createdAtMs: 7,
    status: 'done',
    ...changes,
  };
}

function posted(
  { id, widthPx, heightPx }: PictureRecord,
  author: string,
): StoredMessage['parts'][number] {
  const provenance = {
    author,
    origin: 'web',
    postedAtMs: 5,
    name: 'a.png',
    url: 'https://example.org/a.png',
  };
  return { type: 'image', image: id, widthPx, heightPx, provenance };
}

async function addOne(
  store: ConversationStore,
  message: StoredMessage,
  pictures: PictureRecord[] = [],
) {
  const id = await newConversation(store);
  await store.add(id, { pictures, messages: [message], shownLeaf: message.id });
  return id;
}

/** All that the database keeps on the disk, its log included. */
async function allBytes(folder: string): Promise<Buffer> {
  const names = await readdir(folder);
  return Buffer.concat(await Promise.all(names.map((name) => readFile(join(folder, name)))));
}

describe('the store', () => {
  it('gives back what was put in, after it was closed and opened again', async () => {
    const path = join(await temporaryFolder(), 'chat.sqlite');
    const store = await openSqliteStore({ path });
    const id = await newConversation(store);
    const [red, blue] = [picture('red'), picture('blue')];
    const question = message({
      parts: [
        posted(red, 'ana'),
        { type: 'text', text: 'Which 🐈 colour?\n' },
        posted(blue, 'ben'),
        posted(red, 'ben'),
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

    const opened = await openAt(path);
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

  it('says plainly that an answer was interrupted when the process that made it is gone', async () => {
    const path = join(await temporaryFolder(), 'chat.sqlite');
    const store = await openSqliteStore({ path });
    const answer = message({ role: 'assistant', status: 'running' });
    const id = await addOne(store, answer);
    await store.changeAnswer(id, answer.id, { text: 'so far' });
    await store.close();
    const [interrupted] = await (await openAt(path)).messagesOf(id);
    expect(interrupted).toMatchObject({
      status: 'failed',
      parts: [{ type: 'text', text: 'so far' }],
      error: { code: 'generation.aborted', message: expect.stringContaining('regenerate') },
    });
  });

  it('adds all of a message or nothing', async () => {
    const store = await openNew();
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

  it('keeps a picture once, with what each message knows about it', async () => {
    const path = join(await temporaryFolder(), 'chat.sqlite');
    const store = await openSqliteStore({ path });
    const red = picture('red');
    const ids = [];
    for (const author of ['ana', 'ben'])
      ids.push(await addOne(store, message({ parts: [posted(red, author)] }), [red]));
    const authors = await Promise.all(
      ids.map(async (id) => (await store.messagesOf(id))[0]?.parts[0]),
    );
    expect(authors).toEqual([posted(red, 'ana'), posted(red, 'ben')]);
    await store.close();
    const database = new SqliteDatabase(path, { readonly: true });
    expect(database.prepare('select count(*) as count from pictures').get()).toEqual({ count: 1 });
    database.close();
  });

  it('leaves no byte of what was deleted in any of its files, while it is open', async () => {
    const folder = await temporaryFolder();
    const store = await openAt(join(folder, 'chat.sqlite'));
    // Large enough for pages of its own.
    const secret = picture('SECRET-PICTURE'.repeat(50_000));
    const mine = message({
      parts: [{ type: 'text', text: 'SECRET-QUESTION' }, posted(secret, 'SECRET-NAME')],
    });
    const deleted = await addOne(store, mine, [secret]);
    await store.renameConversation(deleted, 'SECRET-TITLE');
    const kept = await addOne(store, message({ parts: [{ type: 'text', text: 'KEPT' }] }));
    const shortened = await addOne(store, message({ parts: [{ type: 'text', text: 'KEPT' }] }));
    const removed = message({ parts: [{ type: 'text', text: 'SECRET-ANSWER' }] });
    await store.add(shortened, { pictures: [], messages: [removed], shownLeaf: removed.id });
    const written = await allBytes(folder);
    for (const word of ['PICTURE', 'QUESTION', 'NAME', 'TITLE', 'ANSWER']) {
      expect(written.includes(`SECRET-${word}`), word).toBe(true);
    }

    await store.deleteConversation(deleted);
    await store.remove(shortened, { messages: [removed.id], shownLeaf: null });
    const left = await allBytes(folder);
    expect(left.includes('SECRET')).toBe(false);
    expect(left.includes('KEPT')).toBe(true);
    expect(await store.messagesOf(kept)).toHaveLength(1);
  });

  it('removes messages with what followed them, and pictures nobody refers to', async () => {
    const store = await openNew();
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
    const store = await openNew();
    const ids = [await newConversation(store), await newConversation(store)];
    for (const id of ids)
      await store.add(id, { pictures: [], messages: [], shownLeaf: message().id });
    await new Promise((resolve) => setTimeout(resolve, 5));
    await store.renameConversation(ids[0] ?? ('' as never), 'changed');
    expect((await store.listConversations()).map((each) => each.id)).toEqual(ids);
  });

  it('keeps tenants apart, pictures included', async () => {
    const store = await openNew();
    const other = store.forTenant('other');
    const red = picture('red');
    const answer = message({ parts: [posted(red, 'ana')] });
    const id = await addOne(store, answer, [red]);
    expect(await other.listConversations()).toEqual([]);
    expect(await other.messagesOf(id)).toEqual([]);
    const missing: Promise<unknown>[] = [
      other.getConversation(id),
      other.deleteConversation(id),
      other.rate(id, answer.id, 'up'),
      other.show(id, answer.id),
      other.add(id, { pictures: [], messages: [message()], shownLeaf: answer.id }),
      other.remove(id, { messages: [answer.id], shownLeaf: null }),
    ];
    for (const each of missing)
      await expect(each).rejects.toMatchObject({ code: 'store.notFound' });
    await expect(other.picture(red.id)).rejects.toMatchObject({ code: 'picture.missing' });
    await addOne(other, message({ parts: [posted(red, 'eve')] }), [red]);
    await store.deleteConversation(id);
    await expect(other.pictureBytes(red.id)).resolves.toBeDefined();
  });

  it('names a message that is not there', async () => {
    const store = await openNew();
    const id = await addOne(store, message());
    const stranger: MessageId = message().id;
    await expect(store.changeAnswer(id, stranger, { text: 'x' })).rejects.toMatchObject({
      code: 'store.notFound',
    });
    await expect(store.rate(id, stranger, 'up')).rejects.toMatchObject({ code: 'store.notFound' });
  });
});

describe('a database that cannot be used', () => {
  it('in a folder that is not there is refused with the mend', async () => {
    const path = join(await temporaryFolder(), 'missing', 'chat.sqlite');
    await expect(openSqliteStore({ path })).rejects.toMatchObject({
      code: 'store.failed',
      message: expect.stringContaining(path),
    });
  });

  it('that is no database is refused', async () => {
    const path = join(await temporaryFolder(), 'chat.sqlite');
    await writeFile(path, 'This is a text file and no database at all. '.repeat(100));
    await expect(openSqliteStore({ path })).rejects.toMatchObject({
      code: 'store.failed',
      message: expect.stringContaining('damaged'),
    });
  });

  it('that another one uses is refused, and free once that one closed', async () => {
    const path = join(await temporaryFolder(), 'chat.sqlite');
    const first = await openSqliteStore({ path });
    await expect(openSqliteStore({ path })).rejects.toMatchObject({
      code: 'store.failed',
      message: expect.stringContaining('another process uses it'),
    });
    await first.close();
    await openAt(path);
  });

  it('that a newer version wrote is refused', async () => {
    const path = join(await temporaryFolder(), 'chat.sqlite');
    await (await openSqliteStore({ path })).close();
    const database = new SqliteDatabase(path);
    database
      .prepare("insert into kysely_migration (name, timestamp) values ('9999-future', '')")
      .run();
    database.close();
    await expect(openSqliteStore({ path })).rejects.toMatchObject({
      code: 'store.failed',
      message: expect.stringContaining('newer version'),
    });
  });
});
