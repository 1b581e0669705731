import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Adapter, AdapterFiles } from '../../../packages/core/src/adapter/adapter.ts';
import { createBot } from '../../../packages/core/src/bot/create-bot.ts';
import { openSqliteStore } from '../../../packages/core/src/store/sqlite/open-sqlite-store.ts';
import { adapterContract } from '../../../packages/core/src/testing/adapter-contract.ts';
import { MemoryAdapter } from '../../../packages/core/src/testing/memory-adapter.ts';
import { ScriptedModel } from '../../../packages/core/src/testing/scripted-model.ts';
import { pictureOf, sharpMedia, temporaryFolder } from './bot-fixture.ts';

const home = '127.0.0.1';
const secret = 'Bearer xoxb-hunter2';

/** A server of pictures that knows its askers by a header; gives its host and what it was asked with. */
async function servePictures() {
  const asked: (string | undefined)[] = [];
  const picture = await pictureOf(255);
  const server = createServer(({ headers }, response) => {
    asked.push(headers.authorization);
    if (headers.authorization === secret) response.end(picture);
    else response.writeHead(401).end();
  });
  await new Promise<void>((resolve) => server.listen(0, home, resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { host: `${home}:${(server.address() as AddressInfo).port}`, asked };
}

/** The platform in memory, but that its files are elsewhere. */
function withFiles(memory: MemoryAdapter, files: AdapterFiles): Adapter {
  return {
    name: memory.name,
    capabilities: memory.capabilities,
    files,
    start: (host) => memory.start(host),
    stop: () => memory.stop(),
    post: (...given) => memory.post(...given),
    edit: (...given) => memory.edit(...given),
    remove: (posted) => memory.remove(posted),
  };
}

const event = (urls: readonly string[]) => ({
  type: 'message' as const,
  eventId: 'event',
  messageId: 'message',
  tenant: 'tenant',
  conversationKey: 'general',
  author: { id: 'ana', name: 'Ana' },
  postedAtMs: 1,
  text: 'Which colour?',
  attachments: urls.map((url, index) => ({ url, name: `${index}.png` })),
});

describe('a platform that says where its files are', () => {
  it('has them fetched from there with its credentials, and from nowhere else', async () => {
    const own = await servePictures();
    const other = await servePictures();
    const memory = new MemoryAdapter();
    const adapter = withFiles(memory, {
      hosts: [{ host: own.host, headers: async () => ({ authorization: secret }) }],
      allowAddress: (address) => address === home,
    });
    const lines: string[] = [];
    const stream = new Writable({
      write(line, _, done) {
        lines.push(String(line));
        done();
      },
    });
    const store = await openSqliteStore({ path: `${await temporaryFolder()}/bot.sqlite` });
    const model = new ScriptedModel(['Red.']);
    const bot = createBot({
      model,
      store,
      adapters: [adapter],
      media: sharpMedia,
      log: { level: 'debug', destination: stream },
    });
    onTestFinished(async () => {
      await bot.stop({ drainMs: 0 });
      await store.close();
    });
    await bot.start();
    await memory.deliver(event([`http://${own.host}/a`, `http://${other.host}/b`]));
    const answer = await memory.answerTo('message', (text) => text.includes('1.png'));
    expect(answer).toBe(
      `Red.\n\n1.png: ${other.host} is not fetched: files come only from ${own.host} here; send the picture itself.`,
    );
    expect(JSON.stringify(model.prompts)).toContain('sha256:');
    expect(own.asked).toEqual([secret]);
    expect(other.asked).toEqual([]);
    expect(lines.join('')).toContain('fetch.refused');
    expect(lines.join('')).not.toContain('hunter2');
  });

  it.each([
    ['a host that is none', {}, 'https://files.example.com', 'is no host that files come from'],
    ['a fetch of its own', { fetch: async () => new Uint8Array() }, 'files.example.com', 'both'],
  ])('is told so when it has %s', async (_, more, host, words) => {
    const adapter = { ...withFiles(new MemoryAdapter(), { hosts: [{ host }] }), ...more };
    const store = await openSqliteStore({ path: `${await temporaryFolder()}/bot.sqlite` });
    onTestFinished(() => store.close());
    const create = () => createBot({ model: new ScriptedModel(), store, adapters: [adapter] });
    expect(create).toThrow(expect.objectContaining({ code: 'option.invalid' }));
    expect(create).toThrow(words);
  });

  it.each([
    ['hands over pictures from there', 'files.example.com', true],
    ['hands over pictures from elsewhere', '*.files.example.com', false],
  ])('keeps the contract when it %s', async (_, host, isKept) => {
    const memory = new MemoryAdapter();
    const adapter = withFiles(memory, { hosts: [{ host }] });
    const rule = adapterContract.find(({ name }) => name.includes('from the hosts that it says'));
    const tried = rule?.run(async () => ({
      adapter,
      async post() {
        await memory.deliver(event(['https://files.example.com/a.png']));
        return 'message';
      },
      redeliver: async () => {},
      answers: async () => [],
    }));
    if (isKept) await tried;
    else await expect(tried).rejects.toThrow('comes from one of *.files.example.com');
  });
});
