import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConversationStore, openPostgresStore, openSqliteStore } from '@vistazo/core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../core/bot/bot-fixture.ts';
import { addOne, message } from '../core/store/store-fixture.ts';
import { type PostgresServer, startPostgres } from '../postgres/postgres-server.ts';
import { keepRunning, runVistazo } from './run-vistazo.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());

const said = (id: string, text: string) =>
  message({ person: { adapter: 'street', id }, parts: [{ type: 'text', text }] });

/** Ana and Ben each said something. */
async function fill(store: ConversationStore): Promise<void> {
  await addOne(store, said('ana', 'Of Ana.'));
  await addOne(store, said('ben', 'Of Ben.'));
}

async function left(store: ConversationStore): Promise<string> {
  const records = await store.listConversations();
  return JSON.stringify(await Promise.all(records.map(({ id }) => store.messagesOf(id))));
}

describe('vistazo forget', () => {
  it('deletes what there is of a person in the data folder, and what plugins keep', async () => {
    const cwd = await temporaryFolder();
    const path = join(cwd, 'vistazo.sqlite');
    const before = await openSqliteStore({ path, tenant: 'guild' });
    await fill(before);
    await before.close();
    await writeFile(
      join(cwd, 'bot.config.js'),
      `import { definePlugin } from '${import.meta.resolve('@vistazo/core')}';
       import { z } from '${import.meta.resolve('zod')}';
       const keeper = definePlugin({
         name: 'keeper', version: '1.0.0', config: z.object({}),
         setup: ({ onForget, onStart }) => {
           onStart(async () => console.log('started'));
           onForget(async ({ reason, storage }) => storage.set('told', reason));
         },
       });
       export default { plugins: [keeper({})] };`,
    );
    const args = ['forget', '--data', '.', '--tenant', 'guild'];
    const person = ['--adapter', 'street', '--person', 'ana'];
    const result = await runVistazo([...args, ...person, '--config', 'bot.config.js'], { cwd });
    expect(result).toEqual({ code: 0, out: '1 messages are forgotten.\n', err: '' });
    const store = await openSqliteStore({ path, tenant: 'guild' });
    onTestFinished(() => store.close());
    expect(await left(store)).toContain('Of Ben.');
    expect(await left(store)).not.toContain('Of Ana.');
    expect(await store.pluginStorage('keeper', 'guild').get('told')).toBe('person');
  });

  it('deletes a tenant in a PostgreSQL database', async () => {
    const cwd = await temporaryFolder();
    const url = await server.newDatabase();
    const store = await openPostgresStore({ url, tenant: 'guild' });
    onTestFinished(() => store.close());
    await fill(store);
    await addOne(store.forTenant('other'), said('ana', 'Elsewhere.'));
    const args = ['forget', '--tenant', 'guild', '--json'];
    const { out, err } = await runVistazo(args, { cwd, env: { VISTAZO_DATABASE: url } });
    expect([err, JSON.parse(out)]).toEqual(['', { messages: 2, left: [] }]);
    expect(await left(store)).toBe('[]');
    expect(await left(store.forTenant('other'))).toContain('Elsewhere.');
  });

  it.each([
    ['a person without a platform', ['--tenant', 'a', '--person', 'b'], 'option.invalid'],
    ['no tenant', [], 'option.invalid'],
    ['a folder without a database', ['--tenant', 'a'], 'file.unreadable'],
    ['no address', ['--tenant', 'a', '--database', 'secret@host'], 'option.invalid'],
  ])('complains of %s', async (_, args, code) => {
    const result = await runVistazo(['forget', ...args], { cwd: await temporaryFolder() });
    expect(result).toMatchObject({ out: '', err: expect.stringContaining(`[${code}]`) });
    expect(result.err).not.toContain('secret');
  });
});

describe('vistazo start', () => {
  it('says how long conversations are kept', async () => {
    const cwd = await temporaryFolder();
    const start = keepRunning(['start', '--port', '0', '--keep-days', '7'], { cwd });
    await start.printed('Conversations are kept for 7 days');
    expect(await start.interrupt()).toBe(0);
  });

  it('keeps them in a PostgreSQL database', async () => {
    const cwd = await temporaryFolder();
    const url = await server.newDatabase();
    const start = keepRunning(['start', '--port', '0', '--database', url], { cwd });
    await start.printed('Conversations are kept for 30 days');
    expect(await start.interrupt()).toBe(0);
    const store = await openPostgresStore({ url });
    onTestFinished(() => store.close());
    expect(await store.listConversations()).toEqual([]);
  });
});
