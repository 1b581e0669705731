import { createTestBot } from '@vistazo/core/testing';
import { describe, expect, it } from 'vitest';
import { pictureOf } from '../bot/bot-fixture.ts';

describe('a bot to test with', () => {
  it('answers by its script, about pictures that are really looked at', async () => {
    await using bot = await createTestBot({ answers: ['Red.', 'A square.'] });
    expect(await bot.ask('Which colour?', { pictures: [await pictureOf(255)] })).toBe('Red.');
    expect(await bot.ask('Which form?')).toBe('A square.');
    expect(bot.model.prompts.at(-1)?.map(({ role }) => role)).toEqual([
      'system',
      'user',
      'assistant',
      'user',
    ]);
    expect(await bot.ask('', { pictures: [Buffer.from('no picture')] })).toContain('picture-1.png');
  });
});
