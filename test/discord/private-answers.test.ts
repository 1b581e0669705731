import { exportConversations } from '@vistazo/core';
import { privateConversationKey, readPrivateConversation } from '@vistazo/core/adapter-kit';
import { generateSnowflake } from 'discord-digital-twin';
import { expect, it, vi } from 'vitest';
import { pictureOf } from '../core/bot/bot-fixture.ts';
import { newPath, newTwin, startBot } from './bot-on-twin.ts';
import { call, post } from './interact.ts';
import { listen } from './listen.ts';
import type { Twin } from './twin-fixture.ts';

const alone = { name: 'private', type: 5, value: true };

/** Somebody calls `/ask`, and the answer is there. */
async function ask(
  twin: Twin,
  { idle, model }: Awaited<ReturnType<typeof startBot>>,
  question: string,
  { by = twin.ana, isPrivate = false, picture }: AskOptions = {},
) {
  const before = model.prompts.length;
  const options = [
    { name: 'question', type: 3, value: question },
    ...(isPrivate ? [alone] : []),
    ...(picture === undefined ? [] : [{ name: 'picture', type: 11, value: picture.id }]),
  ];
  const resolved = picture && { attachments: { [picture.id]: picture } };
  await call({ twin }, 'ask', options, { by, ...(resolved && { resolved }) });
  await vi.waitFor(() => expect(model.prompts.length).toBe(before + 1), 10_000);
  await idle();
  return JSON.stringify(model.prompts.at(-1));
}

interface AskOptions {
  by?: string;
  isPrivate?: boolean;
  picture?: ReturnType<Twin['attachment']>;
}

it('keeps private questions and answers out of what others, and the same person in public, are answered from', async () => {
  const twin = await newTwin();
  const bot = await startBot(twin, await newPath(), ['4711 euros.', 'Sure.', 'Yes.', 'No.', 'So.']);
  await ask(twin, bot, 'SECRET of Ana?', { isPrivate: true });
  const bens = await ask(twin, bot, 'What did Ana ask?', { by: twin.ben });
  const anas = await ask(twin, bot, 'What did I ask?');
  const bensOwn = await ask(twin, bot, 'And in private?', { by: twin.ben, isPrivate: true });
  for (const prompt of [bens, anas, bensOwn]) {
    expect(prompt).not.toContain('SECRET');
    expect(prompt).not.toContain('4711');
  }
  expect(bensOwn).not.toContain('What did');
  const goesOn = await ask(twin, bot, 'Go on.', { isPrivate: true });
  expect(goesOn).toContain('SECRET of Ana?');
  expect(goesOn).toContain('4711 euros.');
  expect(goesOn).not.toContain('What did');
});

it('keeps private questions out of exports, of catch-up and of the numbers of pictures', async () => {
  const twin = await newTwin();
  const bot = await startBot(twin, await newPath(), ['A balance.', 'A cat.', 'A dog.']);
  const statement = twin.attachment(Buffer.from(await pictureOf(1)), 'statement.png');
  const cat = twin.attachment(Buffer.from(await pictureOf(2)), 'cat.png');
  const dog = twin.attachment(Buffer.from(await pictureOf(3)), 'dog.png');
  const anas = await ask(twin, bot, 'SECRET?', { isPrivate: true, picture: statement });
  await ask(twin, bot, 'What is it?', { by: twin.ben, picture: cat });
  const bens = await ask(twin, bot, 'And this?', { by: twin.ben, picture: dog });
  expect(anas).toContain('"type":"image"');
  expect(bens.match(/"type":"image"/g)).toHaveLength(2);
  // The first picture stood alone when it was asked about, and is shown so again.
  expect(bens.match(/Image \d/g)).toEqual(['Image 2']);
  const conversations = await Array.fromAsync(
    exportConversations(bot.store.forTenant(twin.guildId)),
  );
  expect(conversations).toHaveLength(1);
  expect(JSON.stringify(conversations)).toContain('What is it?');
  expect(JSON.stringify(conversations)).not.toContain('SECRET');
  const recent = await bot.store.jobs.recentMessages('discord', 0, 10);
  expect(recent.map(({ conversationKey }) => conversationKey)).toEqual([twin.channelId]);
});

it('sends what a plugin announces in a private conversation to the person, never to the channel', async () => {
  const setting = await listen();
  const { twin } = setting;
  const dmId = generateSnowflake();
  const sent: string[] = [];
  twin.front.intercept(({ method, path, body }) => {
    if (path === '/users/@me/channels') {
      expect(body).toEqual({ recipient_id: twin.ana });
      return { status: 200, body: { id: dmId } };
    }
    if (method !== 'POST' || path !== `/channels/${dmId}/messages`) return undefined;
    sent.push(String(body.content));
    return { status: 200, body: { id: generateSnowflake() } };
  });
  const place = { personId: twin.ana, placeKey: twin.channelId };
  const conversationKey = privateConversationKey(place);
  expect(readPrivateConversation(conversationKey)).toEqual(place);
  const target = { tenant: twin.guildId, conversationKey, messageId: 'reminder-1' };
  await post(setting, { ...target, isAnnouncement: true }, 'It is due.');
  expect(sent).toEqual(['It is due.']);
  expect(await twin.posts()).toEqual([]);
});

it('finds the private conversation again by the buttons of its answers', async () => {
  const setting = await listen();
  const { twin } = setting;
  const question = { name: 'question', type: 3, value: 'SECRET?' };
  const { id } = await call(setting, 'ask', [question, alone], { by: twin.ana });
  const asked = await setting.event('message', `private:${id}`);
  const place = { personId: twin.ana, placeKey: twin.channelId };
  expect(asked.conversationKey).toBe(privateConversationKey(place));
  await post(setting, asked, 'A secret.');
  const [shown] = await twin.posts();
  for (const button of ['up', 'stop'])
    await twin.press(`vistazo ${button} ${asked.messageId} ${twin.ana}`, shown?.id ?? '');
  for (const type of ['feedback', 'cancelled'] as const) {
    const { tenant, conversationKey } = await setting.event(type, asked.messageId);
    expect({ tenant, conversationKey }).toEqual({
      tenant: asked.tenant,
      conversationKey: asked.conversationKey,
    });
  }
});
