import { tutor } from '@vistazo/plugins';
import { describe, expect, it } from 'vitest';
import { pictureOf } from '../core/bot/bot-fixture.ts';
import { startBot } from '../core/plugin/plugin-fixture.ts';

async function lesson(options: Parameters<typeof tutor>[0] = {}) {
  const { bot } = await startBot([tutor(options)]);
  const toldOf = async (...message: Parameters<typeof bot.ask>) => {
    await bot.ask(...message);
    return String(bot.model.prompts.at(-1)?.[0]?.content);
  };
  return { bot, toldOf };
}

describe('the tutor', () => {
  it('asks before it tells, in the language of the pupil', async () => {
    const { toldOf } = await lesson({ subject: 'algebra' });
    const told = await toldOf('2x + 3 = 11, ¿cuánto es x?');
    expect(told).toContain('a patient tutor of algebra');
    expect(told).toContain('in the language of the pupil');
    expect(told).toContain('Ask one short question that leads to the next thought');
  });

  it('gives hints that say a little more each time, and the solution after them', async () => {
    const { toldOf } = await lesson({ hintsBeforeSolution: 2 });
    await toldOf('2x + 3 = 11');
    expect(await toldOf('/solution')).toContain('/solution works after 2 more of /hint');
    expect(await toldOf('/hint')).toContain('without using it');
    expect(await toldOf('So?')).toContain('/solution after 1 more of them');
    expect(await toldOf('/solution')).toContain('do not tell it');
    expect(await toldOf('/hint')).toContain('work the very next step only');
    expect(await toldOf('Tell me!')).toContain('and /solution works it through');
    expect(await toldOf('/solution')).toContain('work it through step by step');
    expect(await toldOf('Why subtract?')).toContain('The solution was told');
    expect(await toldOf('/new-exercise')).toContain('begins another exercise');
    expect(await toldOf('/solution')).toContain('do not tell it');
  });

  it('checks photographed work, and keeps exercises apart', async () => {
    const { toldOf } = await lesson();
    const pictures = [await pictureOf(255)];
    expect(await toldOf('Is it right?', { pictures })).toMatch(
      /has ⟦pictures in their order: picture 1 .* Check work line by line/,
    );
    expect(await toldOf('/new-exercise', { pictures: [await pictureOf(0, 255)] })).toContain(
      'This exercise has ⟦pictures in their order: picture 2 (picture-1.png, from Ana)⟧',
    );
    await toldOf('/new-exercise');
    expect(await toldOf('Hm.')).toContain('There is no picture of this exercise');
  });

  it('keeps for each pupil how far they are', async () => {
    const { toldOf } = await lesson({ hintsBeforeSolution: 1 });
    const bo = { author: { id: 'bo', name: 'Bo' } };
    await toldOf('/hint');
    expect(await toldOf('/solution', bo)).toContain('do not tell it');
    expect(await toldOf('/solution', { conversationKey: 'other' })).toContain('do not tell it');
    expect(await toldOf('/solution')).toContain('work it through step by step');
  });

  it('counts a call once that is seen again when it was changed', async () => {
    const { bot, toldOf } = await lesson({ hintsBeforeSolution: 2 });
    const event = await bot.adapter.say('/hint');
    await bot.idle();
    await bot.adapter.deliver({ ...event, type: 'edited', eventId: 'again', text: '/hint ' });
    await bot.idle();
    expect(await toldOf('/solution')).toContain('after 1 more of /hint');
  });

  it('teaches only where it is meant to', async () => {
    const { bot } = await lesson({ conversations: ['lessons'] });
    expect(await bot.ask('/hint')).toBe('There are no lessons here.');
    await bot.ask('Hi!');
    expect(bot.model.prompts.at(-1)?.[0]?.role).toBe('user');
  });
});
