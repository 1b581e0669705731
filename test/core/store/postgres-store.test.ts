import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openPostgresStore } from '../../../packages/core/src/store/postgres/open-postgres-store.ts';
import { type PostgresServer, startPostgres } from '../../postgres/postgres-server.ts';
import { addOne, message, picture, posted, wordsIn } from './store-fixture.ts';

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
}, 60_000);

afterAll(() => server?.stop());

async function open(url: string) {
  const store = await openPostgresStore({ url });
  onTestFinished(() => store.close());
  return store;
}

describe('the store in PostgreSQL', () => {
  it('is one for several processes, also while both make its tables', async () => {
    const url = await server.newDatabase();
    const [one, other] = await Promise.all([open(url), open(url)]);
    const id = await addOne(one, message({ parts: [{ type: 'text', text: 'Here.' }] }));
    expect((await other.messagesOf(id))[0]?.parts).toEqual([{ type: 'text', text: 'Here.' }]);
  });

  it('loses no picture that is posted anew while another process deletes the same one', async () => {
    const url = await server.newDatabase();
    const [one, other] = await Promise.all([open(url), open(url)]);
    const red = picture('red');
    const post = (store: typeof one) =>
      addOne(store, message({ parts: [posted(red, 'ana')] }), [red]);
    for (let round = 0; round < 25; round++) {
      const old = await post(one);
      const [added] = await Promise.all([post(other), one.deleteConversation(old)]);
      await expect(other.pictureBytes(red.id)).resolves.toBeDefined();
      await other.deleteConversation(added);
    }
  });

  it('overwrites what was deleted only when no transaction sees it any more', async () => {
    const url = await server.newDatabase();
    const store = await open(url);
    await addOne(store, message({ parts: [{ type: 'text', text: 'SEEN-FOR-LONG' }] }));
    const reader = new pg.Client({ connectionString: url });
    await reader.connect();
    onTestFinished(() => reader.end());
    await reader.query('begin isolation level repeatable read');
    await reader.query('select * from parts');
    await store.forget({ tenant: 'local' });
    let isOver = false;
    const overwriting = store.overwriteDeleted().finally(() => {
      isOver = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(isOver).toBe(false);
    await reader.query('commit');
    expect(await overwriting).toEqual([]);
    expect(await wordsIn(server.dataFolder, ['SEEN-FOR-LONG'])).toEqual([]);
  });

  it('that cannot be reached is refused with the mend', async () => {
    const opening = openPostgresStore({ url: 'postgresql://vistazo@127.0.0.1:1/none' });
    await expect(opening).rejects.toMatchObject({
      code: 'store.failed',
      message: expect.stringContaining('cannot be reached'),
    });
  });

  it('that does not exist is refused with the mend', async () => {
    const url = (await server.newDatabase()).replace(/test_\w+/, 'none');
    await expect(openPostgresStore({ url })).rejects.toMatchObject({
      code: 'store.failed',
      message: expect.stringContaining('does not exist'),
    });
  });
});
