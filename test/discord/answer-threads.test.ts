import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBot, openSqliteStore } from '@vistazo/core';
import { ScriptedModel } from '@vistazo/core/testing';
import { type APIMessage, PermissionFlagsBits } from 'discord.js';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Twin } from './twin-fixture.ts';

const red = await sharp({
  create: { width: 8, height: 8, channels: 3, background: { r: 255, g: 0, b: 0 } },
})
  .png()
  .toBuffer();

async function newTwin(): Promise<Twin> {
  const twin = await Twin.start();
  onTestFinished(() => twin.stop());
  return twin;
}

async function newPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vistazo-discord-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'bot.sqlite');
}

/** A whole bot on the twin that answers mentions in threads. */
async function startBot(scripts: string[], given: { twin?: Twin; path?: string } = {}) {
  const { twin = await newTwin(), path = await newPath() } = given;
  const model = new ScriptedModel(scripts);
  const store = await openSqliteStore({ path });
  const notices: string[] = [];
  const notify = (notice: string) => void notices.push(notice);
  const adapter = twin.newAdapter({ threads: 'guilds', messageContent: true, notify });
  const bot = createBot({
    model,
    store,
    adapters: [adapter],
    log: { level: 'silent' },
    limits: { pollMs: 20 },
  });
  await bot.start();
  const stop = async () => {
    await bot.stop({ drainMs: 0 });
    await store.close();
  };
  onTestFinished(stop);
  const idle = () => vi.waitFor(async () => expect(await store.jobs.countOpen()).toBe(0), 20_000);
  return { twin, path, model, adapter, notices, stop, idle };
}

/** What the bot says in a thread, once it says this. */
function saysIn(twin: Twin, threadId: string, texts: readonly string[]): Promise<APIMessage[]> {
  return vi.waitFor(
    async () => {
      const messages = await twin.digital.thread(threadId).getMessages();
      const posts = messages.filter(({ author }) => author.id === twin.botId);
      expect(posts.map(({ content }) => content)).toEqual(texts);
      return posts;
    },
    { timeout: 20_000, interval: 50 },
  );
}

const inThread = (twin: Twin, threadId: string, by: string) =>
  twin.digital.thread(threadId).user(by);

describe('a bot that answers mentions in threads', () => {
  it('answers in a thread of the message, where later messages go on from it, and sees its pictures once', async () => {
    const { twin, model, adapter } = await startBot(['Red.', 'A square.']);
    expect(adapter.capabilities.threads).toBe(true);
    const asked = await twin.ask('Which colour?', { pictures: [red] });
    await saysIn(twin, asked, ['Red.']);
    expect(await twin.posts()).toEqual([]);
    await inThread(twin, asked, twin.ben).sendMessage({ content: 'And which form?' });
    await saysIn(twin, asked, ['Red.', 'A square.']);
    const prompt = JSON.stringify(model.prompts[1]);
    expect(prompt).toContain('Which colour?');
    expect(prompt.match(/"type":"image"/g)).toHaveLength(1);
    const [post] = twin.front.calls.filter(({ body }) => body.content === 'Red.');
    expect(post?.body).not.toHaveProperty('message_reference');
    const begun = twin.front.calls.filter(({ path }) => path.endsWith('/threads'));
    expect(begun.map(({ body }) => body)).toEqual([
      { name: 'Which colour?', auto_archive_duration: 1440 },
    ]);
  });

  it('follows changes, the button and the deletion of the message that the thread is of', async () => {
    const { twin, idle } = await startBot(['Red.', 'A square.', 'A red square.']);
    const asked = await twin.ask('Which colour?');
    await saysIn(twin, asked, ['Red.']);
    await idle();
    const person = twin.digital.channel(twin.channelId).user(twin.ana);
    await person.editMessage({ messageId: asked, content: `<@${twin.botId}> Which form?` });
    const [answer] = await saysIn(twin, asked, ['A square.']);
    await idle();
    const customId = `vistazo again ${asked} ${twin.ana}`;
    await inThread(twin, asked, twin.ana).clickButton({ messageId: answer?.id ?? '', customId });
    await saysIn(twin, asked, ['A red square.']);
    await idle();
    await person.deleteMessage({ messageId: asked });
    await saysIn(twin, asked, []);
    expect(await twin.posts()).toEqual([]);
  });

  it('answers after a restart what it missed in threads and above them, and nothing twice', async () => {
    const first = await startBot(['Red.']);
    const { twin, path } = first;
    const asked = await twin.ask('Which colour?');
    await saysIn(twin, asked, ['Red.']);
    await first.idle();
    await first.stop();
    const within = { content: `<@${twin.botId}> And which form?` };
    await inThread(twin, asked, twin.ana).sendMessage(within);
    const above = await twin.ask('What is this?', { by: twin.ben });
    const second = await startBot(['Something.', 'Something.'], { twin, path });
    await saysIn(twin, asked, ['Red.', 'Something.']);
    await saysIn(twin, above, ['Something.']);
    await second.idle();
    expect(second.model.prompts).toHaveLength(2);
    const messages = await twin.digital.channel(twin.channelId).getMessages();
    for (const message of messages.filter(({ id }) => id === asked || id === above))
      twin.gateway.broadcastMessageCreate(message, twin.guildId);
    const last = await twin.ask('Still there?');
    await saysIn(twin, last, ['Yes.']);
    await second.idle();
    expect(second.model.prompts).toHaveLength(3);
  });

  it('answers in the channel where it may begin no thread, and says once what it lacks', async () => {
    const { twin, notices } = await startBot(['Red.', 'Blue.']);
    await twin.deny(PermissionFlagsBits.CreatePublicThreads);
    const asked = await twin.ask('Which colour?');
    await vi.waitFor(async () => expect(await twin.repliesTo(asked)).toHaveLength(1), 10_000);
    await twin.ask('And this?');
    await vi.waitFor(async () => expect(await twin.posts()).toHaveLength(2), 10_000);
    expect(notices).toEqual([expect.stringContaining('Create Public Threads')]);
    expect(twin.front.calls.filter(({ path }) => path.endsWith('/threads'))).toEqual([]);
  });
});
