import type { CommandDescription } from '@vistazo/core';
import { InteractionType } from 'discord.js';
import { generateSnowflake } from 'discord-digital-twin';
import { describe, expect, it } from 'vitest';
import {
  call,
  callOn,
  chartMessage,
  type GuestPlace,
  interact,
  newGuestPlace,
  post,
  pressOn,
  responseOf,
} from './interact.ts';
import { type Listening, listen } from './listen.ts';

const altText: CommandDescription = {
  name: 'alt-text',
  description: 'Writes an alternative text',
  options: [],
  pictures: 'optional',
};
const question = { name: 'question', type: 3, value: 'Which?' };
const signal = () => AbortSignal.timeout(60_000);
const invalidToken = { status: 401, body: { code: 50027, message: 'Invalid Webhook Token' } };

/** What the bot did in a channel by itself, which Discord would refuse. */
const callsOfItsOwn = ({ twin }: Listening, { channelId }: GuestPlace) =>
  twin.front.calls.filter(({ path }) => path.startsWith(`/channels/${channelId}`));

describe.each(['server', 'people'] as const)(
  'a bot that a person has for themselves, among those of a %s',
  (kind) => {
    const start = async () => {
      const setting = await listen({ commands: [altText] });
      return { setting, place: await newGuestPlace(setting.twin, kind) };
    };

    it('is that of the person with /ask and /describe, and answers by the token alone', async () => {
      const { setting, place } = await start();
      const { twin, adapter } = setting;
      const picture = twin.attachment(Buffer.from('a picture'), 'a.png');
      const resolved = { attachments: { [picture.id]: picture } };
      const described = await interact(
        setting,
        InteractionType.ApplicationCommand,
        {
          id: generateSnowflake(),
          name: 'describe',
          type: 1,
          options: [{ name: 'picture', type: 11, value: picture.id }],
          resolved,
        },
        { place },
      );
      const asked = await call(setting, 'ask', [question], { place });
      for (const { id } of [described, asked])
        expect(await setting.event('message', `guest:${id}`)).toMatchObject({
          tenant: `dm:${twin.ana}`,
          conversationKey: place.channelId,
          author: { id: twin.ana },
        });
      expect(await responseOf(setting, asked.id)).toMatchObject({ type: 5 });
      const event = await setting.event('message', `guest:${asked.id}`);
      await adapter.showWorking?.(event, { signal: signal() });
      const postId = await post(setting, event, 'The first');
      await adapter.edit?.({ ...event, postId }, 'The first one.', { signal: signal() });
      await post(setting, event, 'By far.', 'd'.repeat(24));
      const posts = await twin.posts(place.channelId);
      expect(posts.map(({ content }) => content)).toEqual(['The first one.', 'By far.']);
      expect(callsOfItsOwn(setting, place)).toEqual([]);
    });

    it('is that of the person with commands on messages and their dialog', async () => {
      const { setting, place } = await start();
      const { twin } = setting;
      const target = chartMessage(twin, place.channelId);
      const called = await callOn(setting, 'Alt text', target, { place });
      const opened = await callOn(setting, 'Ask about this picture', target, { place });
      const { data } = await responseOf(setting, opened.id);
      const component = { type: 4, custom_id: 'question', value: 'Which?' };
      const submitted = await interact(
        setting,
        InteractionType.ModalSubmit,
        { custom_id: data.custom_id, components: [{ type: 18, component }] },
        { place },
      );
      for (const { id } of [called, submitted])
        expect(await setting.event('message', `guest:${id}`)).toMatchObject({
          tenant: `dm:${twin.ana}`,
          attachments: [{ name: 'chart.png', author: { id: twin.ben } }],
        });
      expect(callsOfItsOwn(setting, place)).toEqual([]);
    });

    it('stays theirs when somebody else presses a button of the answer', async () => {
      const { setting, place } = await start();
      const { twin } = setting;
      const { id } = await call(setting, 'ask', [question], { place });
      await post(setting, await setting.event('message', `guest:${id}`), 'The first.');
      const [answer] = await twin.posts(place.channelId);
      if (answer === undefined) throw new Error('Nothing was answered.');
      await pressOn(setting, `vistazo up guest:${id} ${twin.ana}`, answer, { place, by: twin.ben });
      expect(await setting.event('feedback', `guest:${id}`)).toMatchObject({
        tenant: `dm:${twin.ana}`,
        author: { id: twin.ben },
      });
    });

    it('gives an answer up when the token has ended, and posts it nowhere else', async () => {
      const { setting, place } = await start();
      const { twin, adapter } = setting;
      const { id } = await call(setting, 'ask', [question], { place });
      const event = await setting.event('message', `guest:${id}`);
      const postId = await post(setting, event, 'The first');
      twin.front.intercept(({ path }) =>
        path.startsWith('/webhooks/') ? invalidToken : undefined,
      );
      const gone = { code: 'platform.gone', message: expect.stringContaining('too old') };
      await expect(post(setting, event, 'More.', 'd'.repeat(24))).rejects.toMatchObject(gone);
      const edited = adapter.edit?.({ ...event, postId }, 'The first one.', { signal: signal() });
      await expect(edited).rejects.toMatchObject(gone);
      expect(callsOfItsOwn(setting, place)).toEqual([]);
    });

    it('gives an answer up after a restart, which no token outlives', async () => {
      const { setting, place } = await start();
      const event = {
        tenant: `dm:${setting.twin.ana}`,
        conversationKey: place.channelId,
        messageId: `guest:${generateSnowflake()}`,
      };
      await expect(post(setting, event, 'Late.')).rejects.toMatchObject({ code: 'platform.gone' });
      await setting.adapter.showWorking?.(event, { signal: signal() });
      expect(callsOfItsOwn(setting, place)).toEqual([]);
    });

    it('says what to do where Discord takes no further messages of an answer', async () => {
      const { setting, place } = await start();
      const { twin } = setting;
      const { id } = await call(setting, 'ask', [question], { place });
      const event = await setting.event('message', `guest:${id}`);
      await post(setting, event, 'The first');
      twin.front.intercept(({ method, path }) =>
        method === 'POST' && path.startsWith('/webhooks/')
          ? { status: 400, body: { code: 40094, message: 'Maximum number of follow ups' } }
          : undefined,
      );
      await expect(post(setting, event, 'More.', 'd'.repeat(24))).rejects.toMatchObject({
        code: 'platform.gone',
        message: expect.stringContaining('longAnswers: file'),
      });
    });
  },
);

describe('a bot that a server has, called by somebody who has it too', () => {
  it('is that of the server', async () => {
    const setting = await listen();
    const { twin } = setting;
    const { id } = await call(setting, 'ask', [question]);
    const event = await setting.event('message', `command:${id}`);
    expect(event.tenant).toBe(twin.guildId);
  });
});
