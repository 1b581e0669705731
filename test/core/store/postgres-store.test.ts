import { createConnection, createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openPostgresStore } from '../../../packages/core/src/store/postgres/open-postgres-store.ts';
import { type PostgresServer, startPostgres } from '../../postgres/postgres-server.ts';
import { event as anEvent } from './job-fixture.ts';
import { addOne, message, picture, posted, wordsIn } from './store-fixture.ts';

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(() => server?.stop());

async function open(url: string) {
  const store = await openPostgresStore({ url });
  onTestFinished(() => store.close());
  return store;
}

/** A connection that is no store's. */
async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

/** A way to a server, of which what is open can be left without an answer and without an end. */
async function proxyTo({ dataFolder }: PostgresServer) {
  const pairs: [Socket, Socket][] = [];
  const proxy = createServer((near) => {
    const far = createConnection(join(dirname(dataFolder), '.s.PGSQL.5432'));
    pairs.push([near, far]);
    near.pipe(far).pipe(near);
    for (const each of [near, far]) each.on('error', () => {});
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const [near] of pairs) near.destroy();
    proxy.close();
  });
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('It has no port.');
  const freeze = () => {
    for (const [near, far] of pairs) {
      far.unpipe(near);
      near.unpipe(far);
      near.resume();
      far.destroy();
    }
  };
  return { port: address.port, freeze };
}

/** The machine may be busy. */
const patient = { timeout: 10_000 };

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
    const reader = await connect(url);
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

  it('does again, once, what a connection was cut off in', async () => {
    const url = await server.newDatabase();
    const store = await open(url);
    const [holder, admin] = await Promise.all([connect(url), connect(url)]);
    await holder.query('begin');
    await holder.query('lock table jobs');
    const event = anEvent();
    const accepting = store.jobs.accept('test', event, { policy: 'queue' });
    const isHeldUp = `from pg_stat_activity where application_name = 'vistazo' and wait_event_type = 'Lock'`;
    const cutOff = async () =>
      (await admin.query(`select pg_terminate_backend(pid) ${isHeldUp}`)).rowCount;
    await expect.poll(cutOff, patient).toBe(1);
    // The second try waits too.
    const heldUp = async () => (await admin.query(`select 1 ${isHeldUp}`)).rowCount;
    await expect.poll(heldUp, patient).toBe(1);
    await holder.query('commit');
    expect(await accepting).toBe('accepted');
    expect(await store.jobs.countOpen()).toBe(1);
    expect(await store.jobs.accept('test', event, { policy: 'queue' })).toBe('known');
  });

  it('takes for done what was committed though nobody was told so', async () => {
    const server = await startPostgres();
    onTestFinished(() => server.stop());
    const url = await server.newDatabase();
    const store = await open(url);
    const admin = await connect(url);
    const waitFor = async (standby: string) => {
      await admin.query(`alter system set synchronous_standby_names = '${standby}'`);
      await admin.query('select pg_reload_conf()');
    };
    const cutOff = async () =>
      (
        await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = 'vistazo' and wait_event = 'SyncRep'`)
      ).rowCount;
    /** While there is no such standby a commit is made, and its end is not told. */
    const cuttingOff = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      await waitFor('nobody');
      await expect
        .poll(async () => (await admin.query('show synchronous_standby_names')).rows, patient)
        .toEqual([{ synchronous_standby_names: 'nobody' }]);
      const working = work();
      await expect.poll(cutOff, patient).toBe(1);
      await waitFor('');
      return working;
    };
    const event = anEvent();
    expect(await cuttingOff(() => store.jobs.accept('test', event, { policy: 'queue' }))).toBe(
      'accepted',
    );
    expect(await store.jobs.countOpen()).toBe(1);
    const job = await store.jobs.lease(['test'], 60_000);
    if (job === undefined) throw new Error('There is no job.');
    await cuttingOff(() => store.jobs.end(job));
    expect(await store.jobs.countOpen()).toBe(0);
  });

  it('goes on after its server was started again', async () => {
    const restarted = await startPostgres();
    onTestFinished(() => restarted.stop());
    const store = await open(await restarted.newDatabase());
    const id = await addOne(store, message());
    // Several connections, some of which are used while they end.
    const reading = Promise.allSettled(Array.from({ length: 5 }, () => store.messagesOf(id)));
    await restarted.restart();
    await reading;
    expect(await store.messagesOf(id)).toHaveLength(1);
  });

  it('leaves connections that nobody answers any more, as after a fail-over', async () => {
    const { port, freeze } = await proxyTo(server);
    const { pathname } = new URL((await server.newDatabase()).replace('@/', '@host/'));
    const url = `postgresql://vistazo@127.0.0.1:${port}${pathname}`;
    const store = await openPostgresStore({ url, stuckAfterMs: 200 });
    onTestFinished(() => store.close());
    const event = anEvent();
    freeze();
    expect(await store.jobs.accept('test', event, { policy: 'queue' })).toBe('accepted');
    expect(await store.jobs.countOpen()).toBe(1);
  });

  it('lets a statement go on that takes longer than usual', async () => {
    const url = await server.newDatabase();
    const store = await openPostgresStore({ url, stuckAfterMs: 100 });
    onTestFinished(() => store.close());
    const [holder, admin] = await Promise.all([connect(url), connect(url)]);
    await holder.query('begin');
    await holder.query('lock table jobs');
    const waiting = async () =>
      (
        await admin.query(`select pid from pg_stat_activity
          where application_name = 'vistazo' and wait_event_type = 'Lock'`)
      ).rows;
    const accepting = store.jobs.accept('test', anEvent(), { policy: 'queue' });
    await expect.poll(waiting, patient).toHaveLength(1);
    const before = await waiting();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await waiting()).toEqual(before);
    await holder.query('commit');
    expect(await accepting).toBe('accepted');
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
