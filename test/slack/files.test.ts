import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { FileOptions } from './fake/hosted-files.ts';
import { fakeFiles, type Listening, listen, startFake } from './hearing.ts';

const bytes = Buffer.from('a picture');

/** What somebody posts to the bot as a file; gives how the adapter calls it. */
async function posted(
  { fake, ana, event }: Listening,
  file: FileOptions,
): Promise<{ url: string; id: string; name: string | undefined }> {
  const hosted = fake.files.add(fake.team.id, file);
  const channel = fake.directMessages(ana);
  const { ts } = fake.people.post({ channel, user: ana, text: 'This?', files: [hosted] });
  const [attachment] = (await event('message', ts)).attachments ?? [];
  return { url: String(attachment?.url), id: hosted.id, name: attachment?.name };
}

/** A host that is not Slack's; gives its address and the headers of what it was asked. */
async function strangeHost(location?: string) {
  const asked: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers);
    if (location === undefined) response.end(bytes);
    else response.writeHead(302, { location }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  return { host: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}/a.png`, asked };
}

describe('files on Slack', () => {
  it.each<[string, FileOptions, string]>([
    ['was deleted', { name: 'a.png', mode: 'tombstone' }, 'was deleted before I could look at it'],
    ['the plan hides', { name: 'a.png', mode: 'hidden_by_limit' }, 'beyond the limit'],
    ['is kept elsewhere', { name: 'a.png', mode: 'external' }, 'kept outside of Slack'],
    [
      'is a canvas',
      { name: 'Plan', mimetype: 'application/vnd.slack-docs', fields: { mode: 'quip' } },
      'cannot look into canvases',
    ],
  ])(
    'says what is the matter with one that %s, and asks for nothing',
    async (_, file, sentence) => {
      const setting = await listen();
      const { url, id } = await posted(setting, file);
      await expect(setting.fetchText(url)).rejects.toMatchObject({
        code: 'fetch.failed',
        message: expect.stringContaining(sentence),
      });
      expect(setting.fake.files.fetches.get(id)).toBeUndefined();
    },
  );

  it('asks Slack about one of which the message tells only the id', async () => {
    const setting = await listen();
    const { url } = await posted(setting, { name: 'a.png', bytes, mode: 'check_file_info' });
    expect(await setting.fetchText(url)).toBe('a picture');
    const other = await posted(setting, { name: 'b.png', mode: 'check_file_info' });
    setting.fake.files.delete(other.id);
    await expect(setting.fetchText(other.url)).rejects.toThrow('was deleted');
  });

  it('says of one that was deleted meanwhile that it was, and of one that is lost what came', async () => {
    const setting = await listen();
    const deleted = await posted(setting, { name: 'a.png', bytes });
    setting.fake.files.delete(deleted.id);
    await expect(setting.fetchText(deleted.url)).rejects.toMatchObject({
      code: 'fetch.failed',
      message: expect.stringContaining('was deleted before I could look at it'),
    });
    const lost = await posted(setting, { name: 'b.png', bytes });
    setting.fake.files.lose(lost.id);
    await expect(setting.fetchText(lost.url)).rejects.toThrow('answered 404');
  });

  it.each([200, 302] as const)(
    'knows Slack’s login page (status %i) from a file, and tells the person and once the operator',
    async (status) => {
      const setting = await listen();
      const { fake, notices, fetchText } = setting;
      fake.files.signInBy = status;
      fake.bot.scopes.delete('files:read');
      for (const name of ['a.png', 'b.html']) {
        const { url } = await posted(setting, { name, bytes });
        await expect(fetchText(url)).rejects.toMatchObject({
          code: 'fetch.refused',
          message: expect.stringContaining('the scope files:read'),
        });
      }
      expect(notices).toEqual([
        expect.stringMatching(/In the Slack team T\d+ the bot lacks the scope files:read/),
      ]);
    },
  );

  it('knows the login page also where Slack says that the bot may read files', async () => {
    const setting = await listen();
    const { fake, notices, fetchText } = setting;
    const elsewhere = `${fake.origin}/files-pri/T0-F0/a.png`;
    const { url } = await posted(setting, {
      name: 'a.png',
      bytes,
      fields: { url_private: elsewhere, url_private_download: elsewhere },
    });
    await expect(fetchText(url)).rejects.toMatchObject({ code: 'fetch.refused' });
    expect(notices).toEqual([expect.stringContaining('login page in place of a file')]);
  });

  it('gives pages that people posted, whatever they are called', async () => {
    const setting = await listen();
    const page = '<!DOCTYPE html><html><body>A page</body></html>';
    for (const name of ['page.html', 'page.txt', 'page.png']) {
      const { url } = await posted(setting, { name, bytes: Buffer.from(page) });
      expect(await setting.fetchText(url)).toBe(page);
    }
    expect(setting.notices).toEqual([]);
  });

  it('reads no more than it may, and ends when it is told to', async () => {
    const setting = await listen();
    const large = await posted(setting, { name: 'a.png', bytes: Buffer.alloc(5000) });
    await expect(setting.fetchText(large.url, { maxBytes: 4999 })).rejects.toMatchObject({
      code: 'picture.tooLarge',
    });
    const slow = await posted(setting, { name: 'b.png', bytes: Buffer.alloc(8), delayMs: 5000 });
    const stop = new AbortController();
    const fetching = setting.adapter.fetch?.(slow.url, { maxBytes: 99, signal: stop.signal });
    await expect.poll(() => setting.fake.files.fetches.get(slow.id)).toBe(1);
    stop.abort(new Error('The message was deleted.'));
    await expect(fetching).rejects.toThrow('The message was deleted.');
  });

  it('sends the token to the hosts of files alone, and follows no redirect to others', async () => {
    const place = await startFake();
    const stranger = await strangeHost();
    const redirecting = await strangeHost(stranger.url);
    const files = fakeFiles(place.fake);
    const setting = await listen({
      on: place,
      files: { ...files, hosts: [...files.hosts, { host: redirecting.host }] },
    });
    for (const url of [stranger.url, redirecting.url]) {
      const fields = { url_private: url, url_private_download: url };
      const file = await posted(setting, { name: 'a.png', fields });
      await expect(setting.fetchText(file.url)).rejects.toMatchObject({ code: 'fetch.refused' });
    }
    expect(stranger.asked).toEqual([]);
    expect(redirecting.asked).toMatchObject([
      { authorization: `Bearer ${place.fake.bot.botToken}` },
    ]);
  });

  it('fetches the pictures of previews without a token', async () => {
    const setting = await listen();
    const { fake, ana, event, fetchText } = setting;
    const stranger = await strangeHost();
    const channel = fake.directMessages(ana);
    const attachments = [{ title: 'A cat', image_url: stranger.url }];
    const { ts } = fake.people.post({ channel, user: ana, text: 'Look', attachments });
    const [picture] = (await event('message', ts)).attachments ?? [];
    expect(await fetchText(picture?.url)).toBe('a picture');
    expect(stranger.asked).toHaveLength(1);
    expect(JSON.stringify(stranger.asked)).not.toContain(fake.bot.botToken);
  });
});
