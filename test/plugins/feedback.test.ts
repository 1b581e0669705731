import { feedback } from '@vistazo/plugins';
import { describe, expect, it, vi } from 'vitest';
import { startBot } from '../core/plugin/plugin-fixture.ts';

const dayMs = 86_400_000;

async function ratedBot(options: Parameters<typeof feedback>[0] = {}) {
  const { bot, faults } = await startBot([feedback(options)], { answers: ['Red.'] });
  const values = bot.store.pluginStorage('feedback', 'tenant');
  const kept = async () =>
    Promise.all((await values.keys('rating ')).map((key) => values.get(key)));
  return { bot, faults, kept };
}

describe('feedback', () => {
  it('keeps who thinks what of which answer, and why, without copying the texts', async () => {
    const { bot, kept } = await ratedBot();
    const { messageId } = await bot.adapter.say('Which colour?');
    await bot.idle();
    await bot.rate('down', { messageId, comment: 'It is blue.' });
    await vi.waitFor(async () =>
      expect(await kept()).toEqual([
        {
          rating: 'down',
          comment: 'It is blue.',
          author: { id: 'ana', name: 'Ana' },
          ...{ adapter: 'memory', conversationKey: 'general', messageId },
          atMs: Date.UTC(2026, 0, 1),
        },
      ]),
    );
  });

  it('copies the texts where that is wanted', async () => {
    const { bot, kept } = await ratedBot({ keepTexts: true });
    await bot.ask('Which colour?');
    await bot.rate('up');
    await vi.waitFor(async () =>
      expect(await kept()).toMatchObject([{ question: 'Which colour?', answer: 'Red.' }]),
    );
  });

  it('counts each mind once and by day, also one that changed', async () => {
    const { bot, kept } = await ratedBot();
    const first = await bot.adapter.say('One?');
    const second = await bot.adapter.say('Two?');
    await bot.idle();
    expect(await bot.ask('/feedback-summary')).toBe('Nobody rated an answer in these days.');
    await bot.rate('down', { messageId: first.messageId });
    await vi.waitFor(async () => expect(await kept()).toHaveLength(1));
    await bot.clock.advance(dayMs);
    await bot.rate('up', { messageId: first.messageId });
    await vi.waitFor(async () => expect(await kept()).toMatchObject([{ rating: 'up' }]));
    await bot.rate('down', { messageId: second.messageId });
    await vi.waitFor(async () =>
      expect(await bot.ask('/feedback-summary')).toBe('2026-01-02: 1 up, 1 down'),
    );
    await bot.rate(null, { messageId: second.messageId });
    await vi.waitFor(async () =>
      expect(await bot.ask('/feedback-summary')).toBe('2026-01-02: 1 up, 0 down'),
    );
    await bot.clock.advance(7 * dayMs);
    expect(await bot.ask('/feedback-summary')).toBe('Nobody rated an answer in these days.');
  });

  it('asks why, once, where that is wanted, and keeps the word', async () => {
    const { bot, kept } = await ratedBot({ askWhy: true });
    await bot.ask('Which colour?');
    expect(await bot.ask('/why Who knows')).toBe('There is no answer that you rated.');
    const { messageId } = bot.adapter.posts[0] ?? {};
    const rate = (rating: 'up' | 'down') =>
      bot.rate(rating, { ...(messageId !== undefined && { messageId }) });
    await rate('down');
    const asked = () => bot.adapter.posts.filter(({ isAnnouncement }) => isAnnouncement);
    await vi.waitFor(() => expect(asked()).toHaveLength(1));
    expect(asked()[0]?.text).toMatch(/^Thank you, Ana\. What was wrong\?/);
    expect(await bot.ask('/why It is blue.')).toBe('Thank you.');
    expect(await kept()).toMatchObject([{ rating: 'down', comment: 'It is blue.' }]);
    await rate('up');
    await vi.waitFor(async () => expect(await kept()).toMatchObject([{ rating: 'up' }]));
    expect(asked()).toHaveLength(1);
  });

  it('forgets the ratings of a person, and those that are too old', async () => {
    const { bot, kept } = await ratedBot();
    const ben = { id: 'ben', name: 'Ben' };
    const { messageId } = await bot.adapter.say('One?');
    await bot.idle();
    await bot.rate('up');
    const place = { tenant: 'tenant', conversationKey: 'general', messageId };
    const rated = { type: 'feedback', eventId: 'by ben', author: ben, rating: 'down' } as const;
    await bot.adapter.deliver({ ...rated, ...place });
    await vi.waitFor(async () => expect(await kept()).toHaveLength(2));
    await bot.forget({ tenant: 'tenant', person: { adapter: 'memory', id: 'ana' } });
    expect(await kept()).toMatchObject([{ author: ben }]);
    expect(await bot.ask('/why No.')).toBe('There is no answer that you rated.');
    await bot.clock.advance(31 * dayMs);
    expect(await kept()).toEqual([]);
  });

  it('tells its numbers to operators only, where there are some', async () => {
    const { bot } = await ratedBot({ operators: ['bo'] });
    expect(await bot.ask('/feedback-summary')).toBe('That is for the operators of this bot.');
    const author = { id: 'bo', name: 'Bo' };
    expect(await bot.ask('/feedback-summary', { author })).toMatch(/^Nobody rated/);
  });

  it('counts by default the thumbs of the conversation where it is asked', async () => {
    const { bot } = await ratedBot({});
    await bot.ask('Hi!', { conversationKey: 'D-ANA' });
    await bot.rate('down');
    const summary = (conversationKey: string) => bot.ask('/feedback-summary', { conversationKey });
    expect(await summary('C-BEN')).toMatch(/^Nobody rated/);
    expect(await summary('D-ANA')).toBe('2026-01-01: 0 up, 1 down');
  });
});
