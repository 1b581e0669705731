import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BotOptions, createBot, openSqliteStore } from '@vistazo/core';
import { type Script, ScriptedModel } from '@vistazo/core/testing';
import { imageQa } from '@vistazo/plugins';
import { type APIMessage, PermissionFlagsBits } from 'discord.js';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { Twin } from './twin-fixture.ts';

const red = await sharp({
  create: { width: 8, height: 8, channels: 3, background: { r: 255, g: 0, b: 0 } },
})
  .png()
  .toBuffer();

/** A whole bot on the twin: real gateway client, real store, real media process; the model is scripted. */
async function startBot(
  scripts: (Script | string)[] = [],
  options: Partial<BotOptions> & {
    twin?: Twin;
    path?: string;
    adapter?: Parameters<Twin['newAdapter']>[0];
  } = {},
) {
  const {
    twin = await newTwin(),
    path = join(await newFolder(), 'bot.sqlite'),
    adapter: _,
    ...given
  } = options;
  const model = new ScriptedModel(scripts);
  const store = await openSqliteStore({ path });
  const adapter = twin.newAdapter(options.adapter);
  const bot = createBot({
    model,
    store,
    adapters: [adapter],
    plugins: [imageQa({})],
    log: { level: 'silent' },
    ...given,
    limits: { pollMs: 20, ...given.limits },
  });
  await bot.start();
  const stop = async () => {
    await bot.stop({ drainMs: 0 });
    await store.close();
  };
  onTestFinished(stop);
  const idle = () => vi.waitFor(async () => expect(await store.jobs.countOpen()).toBe(0), 20_000);
  return { twin, model, store, bot, adapter, path, idle, stop };
}

async function newTwin(): Promise<Twin> {
  const twin = await Twin.start();
  onTestFinished(() => twin.stop());
  return twin;
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vistazo-discord-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The answers to a message, once they are as wanted. */
function answersTo(
  twin: Twin,
  messageId: string,
  isAsWanted: (answers: APIMessage[]) => boolean,
): Promise<APIMessage[]> {
  return vi.waitFor(
    async () => {
      const answers = await twin.repliesTo(messageId);
      if (!isAsWanted(answers)) throw new Error(`It says ${JSON.stringify(answers)}.`);
      return answers;
    },
    { timeout: 20_000, interval: 50 },
  );
}

const says = (text: string) => (answers: APIMessage[]) =>
  answers.map(({ content }) => content).join('\n') === text;

const buttonRowsSchema = z.array(
  z.object({ components: z.array(z.object({ label: z.string(), custom_id: z.string() })) }),
);

/** The ids of the buttons below a message, by what stands on them. */
function buttonsOf(message: APIMessage | undefined): Record<string, string> {
  const rows = buttonRowsSchema.parse(message?.components ?? []);
  const buttons = rows.flatMap(({ components }) => components);
  return Object.fromEntries(buttons.map(({ label, custom_id }) => [label, custom_id]));
}

const hasButton = (label: string) => (answers: APIMessage[]) =>
  answers.some((answer) => label in buttonsOf(answer));

describe('a whole bot on discord-digital-twin', () => {
  it('answers a question about a picture under it, shows that it works, and pings nobody', async () => {
    const { twin, model } = await startBot(['Red. @everyone']);
    const asked = await twin.ask('Which colour?', { pictures: [red] });
    const [answer] = await answersTo(twin, asked, hasButton('Good'));
    expect(answer?.content).toContain('Red.');
    expect(model.prompts[0]?.at(-1)?.content).toMatchObject([
      { type: 'image' },
      { type: 'text', text: 'Which colour?' },
    ]);
    expect(twin.digital.getTypingEvents({ channelId: twin.channelId })).not.toEqual([]);
    const posted = twin.front.calls.filter(({ body }) => typeof body.content === 'string');
    expect(posted.length).toBeGreaterThan(0);
    for (const { body } of posted)
      expect(body).toMatchObject({
        allowed_mentions: { parse: [], replied_user: false },
        flags: 4,
      });
    expect(posted[0]?.body).toMatchObject({
      enforce_nonce: true,
      nonce: expect.stringMatching(/^[\w-]{1,25}$/),
      message_reference: { message_id: asked, fail_if_not_exists: false },
    });
  });

  it('looks at the picture of the message replied to, and tells the model whose it is', async () => {
    const { twin, model } = await startBot(['Red.']);
    const theirs = await twin.say('My drawing', { by: twin.ben, pictures: [red] });
    const asked = await twin.ask('Which colour is it?', { replyTo: theirs });
    await answersTo(twin, asked, says('Red.'));
    const prompt = JSON.stringify(model.prompts[0]);
    expect(prompt).toContain('picture 1 (picture-1.png, from Ben)');
    expect(prompt).toContain('My drawing');
    expect(model.prompts[0]?.at(-1)?.content).toContainEqual(
      expect.objectContaining({ type: 'image' }),
    );
  });

  it('answers a changed question anew in the same message', async () => {
    const { twin } = await startBot(['Red.', 'A square.']);
    const asked = await twin.ask('Which colour?', { pictures: [red] });
    const [first] = await answersTo(twin, asked, says('Red.'));
    const person = twin.digital.channel(twin.channelId).user(twin.ana);
    await person.editMessage({ messageId: asked, content: `<@${twin.botId}> Which form?` });
    const [second] = await answersTo(twin, asked, says('A square.'));
    expect(second?.id).toBe(first?.id);
  });

  it('takes the answer to a deleted question away, and forgets both', async () => {
    const { twin, store, idle } = await startBot(['Red.']);
    const asked = await twin.ask('Which colour?', { pictures: [red] });
    await answersTo(twin, asked, hasButton('Good'));
    await idle();
    await twin.digital.channel(twin.channelId).user(twin.ana).deleteMessage({ messageId: asked });
    await answersTo(twin, asked, (answers) => answers.length === 0);
    const conversations = store.forTenant(twin.guildId);
    const [conversation] = await conversations.listConversations();
    const messages = conversation ? await conversations.messagesOf(conversation.id) : [];
    expect(messages.flatMap(({ parts }) => parts)).toEqual([]);
  });

  it('goes on in further messages past 2,000 characters, whole code fences in each, buttons below the last', async () => {
    const code = `\`\`\`js\n${'let picture = 1;\n'.repeat(250)}\`\`\``;
    const { twin } = await startBot([{ pieces: ['Here:\n\n', code, '\n\nThat is all.'] }]);
    const asked = await twin.ask('Write some code.');
    const answers = await answersTo(
      twin,
      asked,
      (all) => all.length === 3 && 'Good' in buttonsOf(all.at(-1)),
    );
    for (const { content } of answers) {
      expect(content.length).toBeLessThanOrEqual(2000);
      expect((content.match(/```/g) ?? []).length % 2).toBe(0);
    }
    expect(answers.at(-1)?.content).toMatch(/That is all\.$/);
    await answersTo(twin, asked, (all) =>
      all.slice(0, -1).every((each) => !each.components?.length),
    );
  });

  it('posts a long answer as a file where that is chosen, its beginning above, once', async () => {
    const code = `\`\`\`js\n${'let picture = 1;\n'.repeat(250)}\`\`\``;
    const whole = `Here:\n\n${code}\n\nThat is all.`;
    const { twin, idle } = await startBot(
      [{ pieces: ['Here:', `\n\n${code}`, '\n\nThat is all.'] }],
      {
        adapter: { longAnswers: 'file' },
      },
    );
    const asked = await twin.ask('Write some code.');
    await idle();
    const [answer, ...more] = await answersTo(twin, asked, hasButton('Good'));
    expect(more).toEqual([]);
    expect(answer?.content).toMatch(
      /^Here:[\s\S]*```\n\n-# This is the beginning; the whole answer is in the file\.$/,
    );
    expect(answer?.content.length).toBeLessThanOrEqual(2000);
    const sent = twin.front.calls.filter(({ files }) => Object.keys(files).length > 0);
    expect(sent.at(-1)?.files).toEqual({ 'answer.md': whole });
    expect(sent.at(-1)?.body.attachments).toEqual([{ id: 0, filename: 'answer.md' }]);
  });

  it('posts the file once though it died while it wrote', async () => {
    const long = 'word '.repeat(1000).trim();
    const adapter = { longAnswers: 'file' } as const;
    const first = await startBot([{ pieces: [long, ' end'], gate: new Promise(() => {}) }], {
      adapter,
    });
    const { twin, path } = first;
    const asked = await twin.ask('Tell me much.');
    await answersTo(twin, asked, hasButton('Stop'));
    await first.stop();
    const second = await startBot([long], { twin, path, adapter });
    await answersTo(twin, asked, hasButton('Good'));
    await second.idle();
    expect(await twin.repliesTo(asked)).toHaveLength(1);
    const sent = twin.front.calls.filter(({ files }) => Object.keys(files).length > 0);
    expect(sent.at(-1)).toMatchObject({ method: 'PATCH', files: { 'answer.md': long } });
  });

  it('takes the file away when the question is changed and its answer is short', async () => {
    const { twin, idle } = await startBot(['word '.repeat(1000), 'Red.'], {
      adapter: { longAnswers: 'file' },
    });
    const asked = await twin.ask('Tell me much.');
    await answersTo(twin, asked, hasButton('Good'));
    await idle();
    const person = twin.digital.channel(twin.channelId).user(twin.ana);
    await person.editMessage({ messageId: asked, content: `<@${twin.botId}> Which colour?` });
    await answersTo(twin, asked, says('Red.'));
    const [last] = twin.front.calls.filter(({ body }) => body.content === 'Red.').slice(-1);
    expect(last?.body.attachments).toEqual([]);
  });

  it('says so in the answer where it may attach no file', async () => {
    const { twin } = await startBot(['word '.repeat(1000)], { adapter: { longAnswers: 'file' } });
    await twin.deny(PermissionFlagsBits.AttachFiles);
    const asked = await twin.ask('Tell me much.');
    const [answer] = await answersTo(twin, asked, hasButton('Good'));
    expect(answer?.content).toContain('give me the permission Attach Files');
    expect(twin.front.calls.every(({ files }) => Object.keys(files).length === 0)).toBe(true);
  });

  it('stops where it is when whoever asked presses the button, and nobody else', async () => {
    const never = new Promise<void>(() => {});
    const { twin, idle } = await startBot([{ pieces: ['It is', ' red'], gate: never }]);
    const asked = await twin.ask('Which colour?');
    const [answer] = await answersTo(twin, asked, hasButton('Stop'));
    expect(answer?.content).toBe('It is');
    const stop = buttonsOf(answer).Stop ?? '';
    const tried = await twin.press(stop, answer?.id ?? '', twin.ben);
    const channel = twin.digital.channel(twin.channelId);
    await channel.waitForInteractionAck({ interactionId: tried.id });
    const told = await channel.getInteractionResponse(tried.id);
    expect(told?.data).toContain('Only the person who asked can do that.');
    await twin.press(stop, answer?.id ?? '');
    await idle();
    const [stopped] = await answersTo(twin, asked, hasButton('Again'));
    expect(stopped?.content).toBe('It is');
  });

  it('asks again and keeps what people think, by the buttons below an answer', async () => {
    const { twin, store } = await startBot(['Red.', 'Crimson.']);
    const asked = await twin.ask('Which colour?', { pictures: [red] });
    const [answer] = await answersTo(twin, asked, hasButton('Again'));
    const { Again = '' } = buttonsOf(answer);
    await twin.press(Again, answer?.id ?? '');
    const [again] = await answersTo(twin, asked, says('Crimson.'));
    expect(again?.id).toBe(answer?.id);
    const [whole] = await answersTo(twin, asked, hasButton('Bad'));
    await twin.press(buttonsOf(whole).Bad ?? '', whole?.id ?? '', twin.ben);
    const conversations = store.forTenant(twin.guildId);
    await vi.waitFor(async () => {
      const [conversation] = await conversations.listConversations();
      const messages = conversation ? await conversations.messagesOf(conversation.id) : [];
      expect(messages.map(({ rating }) => rating)).toContain('down');
    }, 10_000);
  });

  it('shows whoever presses what the model saw, also after a restart', async () => {
    const { twin, stop, idle, path } = await startBot(['A drawing.']);
    const theirs = await twin.say('My drawing', { by: twin.ben, pictures: [red] });
    const broken = twin.attachment(Buffer.from('no picture'), 'broken.png');
    const asked = await twin.ask('What is it?', { replyTo: theirs, attachments: [broken] });
    const [answer] = await answersTo(twin, asked, hasButton('What did it see?'));
    await idle();
    await stop();
    await startBot([], { twin, path });
    const { 'What did it see?': seen = '' } = buttonsOf(answer);
    const { id } = await twin.press(seen, answer?.id ?? '', twin.ben);
    const channel = twin.digital.channel(twin.channelId);
    await channel.waitForInteractionAck({ interactionId: id });
    const data = JSON.parse((await channel.getInteractionResponse(id))?.data ?? '');
    expect(data).toMatchObject({ flags: 68, allowed_mentions: { parse: [] } });
    expect(data.content).toMatch(
      /^The model saw 1 picture and [\d,]+ tokens, \d+ of them of pictures\./,
    );
    expect(data.content).toMatch(
      /1\. picture-1\.png, from Ben <t:\d+:R>, replied to, 2 × 3 px, \d+ tokens/,
    );
    expect(data.content).toMatch(/Files:\n- .*broken\.png/);
  });

  it('says so where no model answered', async () => {
    const { twin } = await startBot(['Red.']);
    const asked = await twin.ask('Which colour?');
    const [answer] = await answersTo(twin, asked, hasButton('Good'));
    const { id } = await twin.press('vistazo seen 900000000000000001 ', answer?.id ?? '');
    const channel = twin.digital.channel(twin.channelId);
    await channel.waitForInteractionAck({ interactionId: id });
    const told = await channel.getInteractionResponse(id);
    expect(told?.data).toContain('I know of no model that answered this');
  });

  it('tells who asked when it may not write there, and goes on', async () => {
    const { twin, idle } = await startBot(['Nobody sees this.', 'Red.']);
    const end = twin.front.intercept(({ method, path }) =>
      method === 'POST' && path === `/channels/${twin.channelId}/messages`
        ? { status: 403, body: { code: 50013, message: 'Missing Permissions' } }
        : undefined,
    );
    const dmId = '900000000000000009';
    const told: unknown[] = [];
    twin.front.intercept(({ path, body }) => {
      if (path === '/users/@me/channels') return { status: 200, body: { id: dmId } };
      if (path !== `/channels/${dmId}/messages`) return undefined;
      told.push(body.content);
      return { status: 200, body: { id: '900000000000000010' } };
    });
    const asked = await twin.ask('Which colour?');
    await idle();
    await vi.waitFor(() =>
      expect(told).toEqual([expect.stringContaining(`may not write in <#${twin.channelId}>`)]),
    );
    end();
    expect(await twin.repliesTo(asked)).toEqual([]);
    await answersTo(twin, await twin.ask('And now?'), says('Red.'));
  });

  it('makes no answer where it knows that it may not post it, and says what it lacks', async () => {
    const { twin, model, idle } = await startBot(['Red.']);
    const dmId = '900000000000000009';
    const told: unknown[] = [];
    twin.front.intercept(({ path, body }) => {
      if (path === '/users/@me/channels') return { status: 200, body: { id: dmId } };
      if (path !== `/channels/${dmId}/messages`) return undefined;
      told.push(body.content);
      return { status: 200, body: { id: '900000000000000010' } };
    });
    await twin.deny(PermissionFlagsBits.SendMessages);
    await twin.ask('Which colour?');
    await idle();
    await vi.waitFor(() => expect(told).toEqual([expect.stringMatching(/lack: Send Messages\.$/)]));
    const tried = twin.front.calls.filter(
      ({ method, path }) => method === 'POST' && path.startsWith(`/channels/${twin.channelId}/`),
    );
    expect(tried).toEqual([]);
    expect(model.prompts).toEqual([]);
    await twin.deny(0n);
    await answersTo(twin, await twin.ask('And now?'), says('Red.'));
  });

  it('answers where it may not read the history, and says once why that is no reply', async () => {
    const notices: string[] = [];
    const notify = (notice: string) => void notices.push(notice);
    const { twin } = await startBot(['Red.', 'Blue.'], {
      adapter: { notify, messageContent: true },
    });
    await twin.deny(PermissionFlagsBits.ReadMessageHistory);
    await twin.ask('Which colour?');
    await twin.ask('And this?');
    await vi.waitFor(async () => {
      const posts = await twin.posts();
      expect(posts.map(({ content }) => content)).toEqual(['Red.', 'Blue.']);
      expect(posts.map((post) => post.message_reference)).toEqual([undefined, undefined]);
    }, 10_000);
    expect(notices).toEqual([expect.stringContaining('Read Message History')]);
  });

  it('waits when Discord says 429, and answers once', async () => {
    const { twin } = await startBot(['Red.']);
    let refusals = 2;
    twin.front.intercept(({ method, path }) => {
      if (method !== 'POST' || !path.endsWith('/messages') || refusals === 0) return undefined;
      refusals -= 1;
      return {
        status: 429,
        body: { message: 'You are being rate limited.', retry_after: 0.1, global: false },
        headers: { 'retry-after': '0.1', 'x-ratelimit-scope': 'user' },
      };
    });
    const asked = await twin.ask('Which colour?');
    await answersTo(twin, asked, says('Red.'));
    expect(refusals).toBe(0);
  });

  it('finds after a death what it had posted, and posts it once', async () => {
    const first = await startBot([{ pieces: ['It is', ' red.'], gate: new Promise(() => {}) }]);
    const { twin, path } = first;
    // The store never learns that it was posted: the process dies as the answer of Discord comes.
    const end = twin.front.intercept(({ method }) =>
      method === 'PATCH' ? { status: 500 } : undefined,
    );
    const asked = await twin.ask('Which colour?');
    await answersTo(twin, asked, says('It is'));
    await first.stop();
    end();
    const second = await startBot(['It is red.'], { twin, path });
    await answersTo(twin, asked, says('It is red.'));
    await second.idle();
    expect(await twin.repliesTo(asked)).toHaveLength(1);
  });

  it('answers what came in while it was away, once, and what it had heard before not again', async () => {
    const first = await startBot(['Red.']);
    const { twin, path } = first;
    const heard = await twin.ask('Which colour?', { pictures: [red] });
    await answersTo(twin, heard, hasButton('Good'));
    await first.idle();
    await first.stop();
    await twin.say('Nobody asked the bot.');
    const missed = await twin.ask('And which form?', { by: twin.ben, pictures: [red] });
    const second = await startBot(['A square.'], { twin, path });
    await answersTo(twin, missed, hasButton('Good'));
    await second.idle();
    expect(second.model.prompts).toHaveLength(1);
    expect((await twin.posts()).map(({ content }) => content)).toEqual(['Red.', 'A square.']);
  });

  it('answers what came in while its connection was lost and could not be resumed', async () => {
    const { twin, idle } = await startBot(['Red.', 'A square.']);
    await answersTo(twin, await twin.ask('Which colour?'), hasButton('Good'));
    await idle();
    // 4007 says that the old session cannot be resumed.
    const deaf = twin.gateway.clients.map(({ ws }) => ws);
    twin.gateway.clients = [];
    const missed = await twin.ask('And which form?');
    for (const socket of deaf) socket.close(4007, 'Invalid seq.');
    await answersTo(twin, missed, says('A square.'));
  });

  it('answers once on two shards, to both of which the twin tells everything', async () => {
    const clientOptions = { shards: [0, 1], shardCount: 2 };
    const { twin, model, idle } = await startBot(['Red.'], { adapter: { clientOptions } });
    expect(twin.gateway.clients.filter(({ identified }) => identified)).toHaveLength(2);
    const asked = await twin.ask('Which colour?');
    await answersTo(twin, asked, hasButton('Good'));
    await idle();
    expect(model.prompts).toHaveLength(1);
    expect(await twin.repliesTo(asked)).toHaveLength(1);
  });

  it('renews the address of a picture that has expired', async () => {
    const { twin, model } = await startBot(['Red.']);
    const attachment = twin.attachment(red, 'red.png');
    const fresh = twin.front.addFile(red, 'red.png');
    twin.front.expire(attachment.url);
    twin.front.intercept(({ path, body }) => {
      if (path !== '/attachments/refresh-urls') return undefined;
      expect(body).toEqual({ attachment_urls: [attachment.url] });
      return {
        status: 200,
        body: { refreshed_urls: [{ original: attachment.url, refreshed: fresh }] },
      };
    });
    const asked = await twin.ask('Which colour?', { attachments: [attachment] });
    await answersTo(twin, asked, says('Red.'));
    expect(model.prompts[0]?.at(-1)?.content).toMatchObject([{ type: 'image' }, { type: 'text' }]);
  });

  it('forgets a person who calls /forget, and nobody else', async () => {
    const { twin, store, idle } = await startBot(['Red.', 'Blue.']);
    await answersTo(twin, await twin.ask('ANA asks'), hasButton('Good'));
    await answersTo(twin, await twin.ask('BEN asks', { by: twin.ben }), hasButton('Good'));
    await idle();
    const { id } = await twin.command('forget', []);
    const channel = twin.digital.channel(twin.channelId);
    await channel.waitForInteractionAck({ interactionId: id });
    expect((await channel.getInteractionResponse(id))?.data).toContain('I have forgotten');
    const conversations = store.forTenant(twin.guildId);
    const [conversation] = await conversations.listConversations();
    const messages = conversation ? await conversations.messagesOf(conversation.id) : [];
    const kept = JSON.stringify(messages);
    expect(kept).not.toContain('ANA asks');
    expect(kept).toContain('BEN asks');
  });

  it('forgets a server that takes it out', async () => {
    const { twin, store, idle } = await startBot(['Red.']);
    const asked = await twin.ask('Which colour?', { pictures: [red] });
    await answersTo(twin, asked, hasButton('Good'));
    await idle();
    twin.gateway.broadcast('GUILD_DELETE', { id: twin.guildId });
    await vi.waitFor(async () => {
      expect(await store.forTenant(twin.guildId).listConversations()).toEqual([]);
    }, 10_000);
  });
});
