import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { pictureRule } from '../../../packages/core/src/conversation/picture-labels.ts';
import { VistazoError } from '../../../packages/core/src/errors.ts';
import {
  createTestBot,
  MemoryAdapter,
  type Script,
  type TestBot,
  type TestBotOptions,
} from '../../../packages/core/src/testing/index.ts';
import { databases, type NewDatabase } from '../store/store-fixture.ts';
import { pictureOf, sharpMedia } from './bot-fixture.ts';

const bo = { id: 'bo', name: 'Bo' };

/** A script that says its first piece, and the rest when it is let go. */
function held(...pieces: string[]): { script: Script; letGo: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { script: { pieces, gate: promise }, letGo: resolve };
}

describe.each(databases())('a bot that keeps its messages in %s', (_, newDatabase) => {
  async function start(
    { limits, ...options }: TestBotOptions = {},
    open?: Awaited<ReturnType<NewDatabase>>,
  ): Promise<TestBot> {
    const store = await (open ?? (await newDatabase()))();
    const bot = await createTestBot({
      store,
      media: sharpMedia,
      limits: { pollMs: 20, ...limits },
      ...options,
    });
    onTestFinished(() => bot.close());
    return bot;
  }
  const stop = (bot: TestBot, { messageId, conversationKey = 'general', eventId = 'stop' }: Stop) =>
    bot.adapter.deliver({
      type: 'cancelled',
      eventId: `${eventId} ${messageId}`,
      tenant: 'tenant',
      conversationKey,
      messageId,
    });

  describe('an answer that its person stops', () => {
    it('keeps the text so far, and the conversation goes on from it', async () => {
      const one = held('One', ' two.');
      const bot = await start({ answers: [one.script, 'Three.'] });
      const question = await bot.adapter.say('Count.');
      await bot.adapter.answerTo(question.messageId, (text) => text === 'One');
      expect(await stop(bot, question)).toBe('accepted');
      await bot.idle();
      expect(bot.adapter.textFor(question.messageId)).toBe('One');
      await bot.ask('Go on.');
      expect(bot.model.prompts[1]?.map(({ content }) => content)).toMatchObject([
        [{ text: 'Count.' }],
        [{ text: 'One' }],
        [{ text: 'Go on.' }],
      ]);
    });

    it('says so where there was no text yet', async () => {
      const { promise } = Promise.withResolvers<void>();
      const bot = await start({ answers: [{ pieces: ['', 'Late.'], gate: promise }] });
      const question = await bot.adapter.say('Count.');
      await vi.waitFor(() => expect(bot.model.running).toBe(1), 20_000);
      await stop(bot, question);
      await bot.idle();
      expect(bot.adapter.textFor(question.messageId)).toBe('Stopped.');
    });

    it('is not made when it still waits, and nothing is said', async () => {
      const one = held('One', ' two.');
      const bot = await start({ answers: [one.script] });
      await bot.adapter.say('First.');
      const second = await bot.adapter.say('Second.');
      await stop(bot, second);
      one.letGo();
      await bot.idle();
      expect(bot.adapter.posts.map(({ text }) => text)).toEqual(['One two.']);
      expect(bot.model.prompts).toHaveLength(1);
    });

    it('is stopped by whichever process makes it', async () => {
      const open = await newDatabase();
      const one = held('One', ' two.');
      const first = await start({ answers: [one.script] }, open);
      const question = await first.adapter.say('Count.');
      await first.adapter.answerTo(question.messageId, (text) => text === 'One');
      // As another process on the same database would.
      const { store } = first;
      const key = { adapter: 'memory', ...question };
      expect(await store.jobs.requestStop(key, 'from elsewhere')).toBe('running');
      await first.idle();
      expect(first.adapter.textFor(question.messageId)).toBe('One');
    });

    it('that has ended, or was never asked for, is known', async () => {
      const bot = await start();
      const question = await bot.adapter.say('Hi!');
      await bot.idle();
      expect(await stop(bot, question)).toBe('known');
      expect(await stop(bot, { messageId: 'never asked' })).toBe('known');
      expect(bot.adapter.textFor(question.messageId)).toBe('Yes.');
    });
  });

  describe('with messages that steer', () => {
    it('ends the answer under way, and answers the newest knowing it', async () => {
      const one = held('One', ' two.');
      const bot = await start({ answers: [one.script, 'Fine.'], whileBusy: 'steer' });
      const question = await bot.adapter.say('Count.');
      await bot.adapter.answerTo(question.messageId, (text) => text === 'One');
      expect(await bot.ask('Stop counting!')).toBe('Fine.');
      expect(bot.adapter.textFor(question.messageId)).toBe('One');
      expect(bot.model.prompts[1]).toHaveLength(3);
    });
  });

  describe('that waits for further messages of a person', () => {
    const debounced = (more: TestBotOptions = {}) =>
      start({ ...more, whileBusy: 'debounce', limits: { debounceMs: 2500 } });

    it('answers them as one, under the last', async () => {
      const bot = await debounced();
      const first = await bot.adapter.say('Look', { pictures: [await pictureOf(255)] });
      await bot.adapter.say('at these:', { pictures: [await pictureOf(0, 0, 255)] });
      const last = await bot.adapter.say('which is red?');
      await bot.idle();
      expect(bot.adapter.posts).toMatchObject([{ messageId: last.messageId, text: 'Yes.' }]);
      expect(bot.adapter.textFor(first.messageId)).toBe('');
      expect(bot.model.prompts).toHaveLength(1);
      expect(bot.model.prompts[0]?.at(-1)?.content).toMatchObject([
        { type: 'text', text: pictureRule },
        { type: 'text', text: 'Image 1:' },
        { type: 'image' },
        { type: 'text', text: 'Image 2:' },
        { type: 'image' },
        { type: 'text', text: 'Look\nat these:\nwhich is red?' },
      ]);
    });

    it('answers those of others, and commands, by themselves', async () => {
      const bot = await debounced();
      await bot.adapter.say('Mine.');
      await bot.adapter.say('Theirs.', { author: bo });
      await bot.idle();
      expect(bot.model.prompts).toHaveLength(2);
    });

    it('forgets one that is deleted before it is answered', async () => {
      const bot = await debounced();
      const first = await bot.adapter.say('A secret.');
      await bot.adapter.say('Hello!');
      await bot.adapter.deliver({ ...first, type: 'deleted', eventId: 'deleted' });
      await bot.idle();
      expect(bot.model.prompts.at(-1)?.at(-1)?.content).toMatchObject([{ text: 'Hello!' }]);
    });

    it('takes the answer away when one that it was about is deleted afterwards', async () => {
      const bot = await debounced();
      const first = await bot.adapter.say('A secret.');
      await bot.adapter.say('Hello!');
      await bot.idle();
      expect(bot.adapter.posts).toHaveLength(1);
      await bot.adapter.deliver({ ...first, type: 'deleted', eventId: 'deleted' });
      await vi.waitFor(() => expect(bot.adapter.posts).toEqual([]), 20_000);
      const store = bot.store.forTenant('tenant');
      const [conversation] = await store.listConversations();
      const messages = conversation === undefined ? [] : await store.messagesOf(conversation.id);
      expect(messages.flatMap(({ parts }) => parts)).toEqual([]);
    });
  });

  describe('where people wait', () => {
    it('tells them once where they stand, in the place of the answer', async () => {
      const one = held('One', ' two.');
      const bot = await start({
        answers: ['Quick.', one.script, 'Two.', 'Three.'],
        limits: { standingAfterMs: 50, maxConcurrentAnswers: 1 },
      });
      await bot.ask('Zero.');
      await bot.adapter.say('First.', { conversationKey: 'a' });
      await vi.waitFor(() => expect(bot.model.running).toBe(1), 20_000);
      const second = await bot.adapter.say('Second.', { conversationKey: 'b', author: bo });
      const third = await bot.adapter.say('Third.', { conversationKey: 'c', author: bo });
      await bot.adapter.answerTo(second.messageId, (text) =>
        /^You are next; about \d+ s\.$/.test(text),
      );
      await bot.adapter.answerTo(third.messageId, (text) =>
        /^You are number 2 in the queue; about/.test(text),
      );
      one.letGo();
      await bot.idle();
      expect(bot.adapter.textFor(second.messageId)).toBe('Two.');
      expect(bot.adapter.textFor(third.messageId)).toBe('Three.');
      expect(bot.adapter.posts).toHaveLength(4);
    });

    it('says that it was stopped in the place where it stood', async () => {
      const one = held('One', ' two.');
      const bot = await start({
        answers: [one.script],
        limits: { standingAfterMs: 50, maxConcurrentAnswers: 1 },
      });
      await bot.adapter.say('First.');
      await vi.waitFor(() => expect(bot.model.running).toBe(1), 20_000);
      const second = await bot.adapter.say('Second.');
      await bot.adapter.answerTo(second.messageId, (text) => text === 'You are next.');
      await stop(bot, second);
      await bot.adapter.answerTo(second.messageId, (text) => text === 'Stopped.');
      one.letGo();
      await bot.idle();
      expect(bot.adapter.posts).toHaveLength(2);
    });

    it('leaves it to the platform where that has its own way', async () => {
      const one = held('One', ' two.');
      const told: unknown[] = [];
      class Telling extends MemoryAdapter {
        showStanding = async (_: unknown, standing: unknown) => void told.push(standing);
      }
      const bot = await start({
        answers: [one.script],
        adapter: new Telling(),
        limits: { standingAfterMs: 50, maxConcurrentAnswers: 1 },
      });
      await bot.adapter.say('First.');
      await vi.waitFor(() => expect(bot.model.running).toBe(1), 20_000);
      await bot.adapter.say('Second.');
      await vi.waitFor(() => expect(told.at(-1)).toEqual({ position: 1 }), 20_000);
      one.letGo();
      await bot.idle();
      expect(bot.adapter.posts).toHaveLength(2);
    });

    it('answers in that place also when the post of it was never noted', async () => {
      const one = held('One', ' two.');
      const bot = await start({
        answers: [one.script, 'Two.'],
        limits: { standingAfterMs: 50, maxConcurrentAnswers: 1 },
      });
      bot.store.jobs.noticed = () => Promise.reject(new VistazoError('store.failed', 'Not now.'));
      await bot.adapter.say('First.');
      await vi.waitFor(() => expect(bot.model.running).toBe(1), 20_000);
      const second = await bot.adapter.say('Second.');
      await bot.adapter.answerTo(second.messageId, (text) => text === 'You are next.');
      one.letGo();
      await bot.idle();
      expect(bot.adapter.textFor(second.messageId)).toBe('Two.');
    });
  });

  describe('with limits', () => {
    it('takes as many messages of a person as are allowed, and says once that it is more', async () => {
      const bot = await start({ limits: { perPerson: { burst: 2, perMinute: 1 } } });
      for (const number of [1, 2, 3, 4]) await bot.adapter.say(`Question ${number}`);
      await bot.adapter.say('And I?', { author: bo });
      await bot.idle();
      await vi.waitFor(() => expect(bot.adapter.posts).toHaveLength(4), 20_000);
      const texts = bot.adapter.posts.map(({ text }) => text);
      expect(texts.filter((text) => text === 'Yes.')).toHaveLength(3);
      expect(texts.find((text) => text !== 'Yes.')).toMatch(
        /^You wrote much in a short time, so I do not answer this one\. Try again in about \d+ s\.$/,
      );
    });

    it('takes as many messages of a tenant as are allowed', async () => {
      const bot = await start({ limits: { perTenant: { burst: 1, perMinute: 60 } } });
      await bot.adapter.say('One');
      await bot.adapter.say('Two', { author: bo });
      await bot.adapter.say('Three', { tenant: 'other' });
      await bot.idle();
      await vi.waitFor(() => expect(bot.adapter.posts).toHaveLength(3), 20_000);
      const texts = bot.adapter.posts.map(({ text }) => text);
      expect(texts).toContain(
        'Much was written here in a short time, so I do not answer this one. Try again in about 1 s.',
      );
    });

    it('takes messages again as time goes by', async () => {
      const bot = await start({ limits: { perPerson: { burst: 1, perMinute: 600 } } });
      await bot.adapter.say('One');
      await vi.waitFor(async () => {
        const event = await bot.adapter.say('Two', { conversationKey: crypto.randomUUID() });
        await bot.idle();
        expect(bot.adapter.textFor(event.messageId)).toBe('Yes.');
      }, 20_000);
    });

    it('lets only so many wait', async () => {
      const one = held('One', ' two.');
      const bot = await start({
        answers: [one.script],
        limits: { maxOpen: 2, maxOpenPerTenant: 9 },
      });
      await bot.adapter.say('First.');
      await bot.adapter.say('Second.', { tenant: 'other' });
      const third = await bot.adapter.say('Third.', { author: bo });
      await bot.adapter.answerTo(
        third.messageId,
        (text) =>
          text === 'Too many questions are waiting, so I cannot take this one. Try again later.',
      );
      one.letGo();
      await bot.idle();
    });

    it('gives a person only so much time of the model', async () => {
      // The scripted model says that each answer took it 4 ms.
      const bot = await start({ limits: { modelSecondsPerPerson: 0.006 } });
      expect(await bot.ask('One')).toBe('Yes.');
      expect(await bot.ask('Two')).toBe('Yes.');
      const third = await bot.adapter.say('Three');
      await bot.adapter.answerTo(third.messageId, (text) =>
        /^You have used up your time with the model, so I do not answer this one\. Try again in about \d+ min\.$/.test(
          text,
        ),
      );
      expect(await bot.ask('And I?', { author: bo })).toBe('Yes.');
    });

    it('lets one person have only so many answers side by side', async () => {
      const scripts = [held('One', '.'), held('Two', '.'), held('Three', '.')];
      const bot = await start({
        answers: scripts.map(({ script }) => script),
        limits: { maxConcurrentAnswers: 4, maxConcurrentPerPerson: 1 },
      });
      for (const conversationKey of ['a', 'b']) await bot.adapter.say('Mine.', { conversationKey });
      await bot.adapter.say('Theirs.', { conversationKey: 'c', author: bo });
      await vi.waitFor(() => expect(bot.model.running).toBe(2), 20_000);
      for (const { letGo } of scripts) letGo();
      await bot.idle();
      expect(bot.model.mostAtOnce).toBe(2);
      expect(bot.adapter.posts).toHaveLength(3);
    });
  });
});

interface Stop {
  messageId: string;
  conversationKey?: string;
  eventId?: string;
}
