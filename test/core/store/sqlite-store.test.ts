import { chmod, copyFile, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openSqliteStore } from '../../../packages/core/src/store/sqlite/open-sqlite-store.ts';
import { temporaryFolder } from '../bot/bot-fixture.ts';
import { addOne, message, picture, posted } from './store-fixture.ts';

async function openAt(path: string) {
  const store = await openSqliteStore({ path });
  onTestFinished(() => store.close());
  return store;
}

/** All that the database keeps on the disk, its log included. */
async function allBytes(folder: string): Promise<Buffer> {
  const names = await readdir(folder);
  return Buffer.concat(await Promise.all(names.map((name) => readFile(join(folder, name)))));
}

describe('the store in a SQLite file', () => {
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
});

describe.skipIf(process.platform === 'win32')('the files of a SQLite database', () => {
  const rightsIn = async (folder: string) => {
    const names = await readdir(folder);
    return Promise.all(names.map(async (name) => (await stat(join(folder, name))).mode & 0o777));
  };

  it('are read by their user alone, the log too', async () => {
    const folder = await temporaryFolder();
    await addOne(await openAt(join(folder, 'chat.sqlite')), message());
    expect(await rightsIn(folder)).toEqual([0o600, 0o600]);
  });

  it('are closed to others when an earlier version left them open', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'chat.sqlite');
    const first = new SqliteDatabase(path);
    first.pragma('journal_mode = WAL');
    first.prepare('create table left_open (x integer)').run();
    await copyFile(`${path}-wal`, join(folder, 'kept'));
    first.close();
    await rename(join(folder, 'kept'), `${path}-wal`);
    for (const name of await readdir(folder)) await chmod(join(folder, name), 0o644);
    await openAt(path);
    expect(await rightsIn(folder)).toEqual([0o600, 0o600]);
  });
});

describe('a database that cannot be used', () => {
  it('since the disk is full says so, and goes on when there is space again', async () => {
    const pragmas = vi.spyOn(SqliteDatabase.prototype, 'pragma');
    onTestFinished(() => pragmas.mockRestore());
    const store = await openAt(join(await temporaryFolder(), 'chat.sqlite'));
    const [database] = pragmas.mock.contexts;
    if (!(database instanceof SqliteDatabase)) throw new Error('The store opened no database.');
    const allowPages = (count: number) => database.pragma(`max_page_count = ${count}`);
    const id = await addOne(store, message());
    // Fewer than it has already, so that it gets no more.
    allowPages(1);
    const large = picture('x'.repeat(500_000));
    const another = message({ parts: [posted(large, 'ana')] });
    const adding = store.add(id, { pictures: [large], messages: [another], shownLeaf: another.id });
    await expect(adding).rejects.toMatchObject({
      code: 'store.failed',
      message: expect.stringContaining('the disk is full; free some space'),
    });
    allowPages(1_000_000);
    await store.add(id, { pictures: [large], messages: [another], shownLeaf: another.id });
    expect(await store.messagesOf(id)).toHaveLength(2);
  });

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

  it('because its tables could not all be made is left as it was', async () => {
    const path = join(await temporaryFolder(), 'chat.sqlite');
    const withLastTable = (statement: string) => {
      const database = new SqliteDatabase(path);
      database.prepare(statement).run();
      database.close();
    };
    withLastTable('create table replies (x integer)');
    await expect(openSqliteStore({ path })).rejects.toMatchObject({ code: 'store.failed' });
    withLastTable('drop table replies');
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
