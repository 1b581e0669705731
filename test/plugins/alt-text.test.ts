import { altText } from '@vistazo/plugins';
import { describe, expect, it } from 'vitest';
import { pictureOf } from '../core/bot/bot-fixture.ts';
import { startBot } from '../core/plugin/plugin-fixture.ts';

type Options = Parameters<typeof altText>[0];

async function altBot(answers: string[], options: Options = {}) {
  const { bot, faults } = await startBot([altText(options)], { answers });
  return { bot, faults };
}

const picturesIn = (content: unknown) =>
  Array.isArray(content) ? content.filter((part) => part.type === 'image').length : 0;

describe('/alt-text', () => {
  it('writes one text for each picture, each asked about alone', async () => {
    const { bot } = await altBot(['"A red square."', 'A green\nsquare.']);
    const pictures = [await pictureOf(255), await pictureOf(0, 255)];
    expect(await bot.ask('/alt-text', { pictures })).toBe('1. A red square.\n2. A green square.');
    expect(bot.model.prompts.map((prompt) => picturesIn(prompt.at(-1)?.content))).toEqual([1, 1]);
    expect(bot.model.prompts[0]?.[0]?.content).toContain('Say in English');
  });

  it('takes the last picture of the conversation where it brings none', async () => {
    const { bot } = await altBot(['Nice.', 'Un cuadrado verde.']);
    await bot.ask('Look!', { pictures: [await pictureOf(255), await pictureOf(0, 255)] });
    expect(await bot.ask('/alt-text language=Spanish')).toBe('Un cuadrado verde.');
    expect(bot.model.prompts[1]?.[0]?.content).toContain('Say in Spanish');
  });

  it('asks for a picture where there is none', async () => {
    const { bot } = await altBot([]);
    expect(await bot.ask('/alt-text')).toBe(
      'There is no picture here yet. Attach one to /alt-text.',
    );
    expect(bot.model.prompts).toEqual([]);
  });

  it('is never longer than wanted, and has no live link', async () => {
    const { bot } = await altBot([`A poster of https://evil.example ${'word '.repeat(50)}`], {
      maxLength: 60,
    });
    const text = await bot.ask('/alt-text', { pictures: [await pictureOf(255)] });
    expect(text).toMatch(/^A poster of https\[:\]\/\/evil\.example( word)+…$/);
    expect(text.length).toBeLessThanOrEqual(60);
  });

  it('says so when the model makes nothing out', async () => {
    const { bot } = await altBot([' ']);
    const pictures = [await pictureOf(255)];
    expect(await bot.ask('/alt-text', { pictures })).toBe(
      'Nothing can be made out in this picture.',
    );
  });
});

describe('the offer of alt-text', () => {
  it('stands below the answer to pictures without a word', async () => {
    const { bot } = await altBot(['A square.', 'Red.']);
    const pictures = [await pictureOf(255)];
    expect(await bot.ask('', { pictures })).toMatch(/^A square\.\n\n_For a text .*\/alt-text_$/);
    expect(await bot.ask('Which colour?', { pictures })).toBe('Red.');
  });

  it('may be the text itself, or nothing', async () => {
    const pictures = [await pictureOf(255)];
    const { bot } = await altBot(['A red square.'], { offer: 'text' });
    expect(await bot.ask('', { pictures })).toBe('A red square.');
    const quiet = await altBot(['A square.'], { offer: 'none' });
    expect(await quiet.bot.ask('', { pictures })).toBe('A square.');
  });
});
