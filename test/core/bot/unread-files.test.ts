import { createTestBot, ScriptedModel, type TestBotOptions } from '@vistazo/core/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pictureOf } from './bot-fixture.ts';

const cut = (await pictureOf(90)).subarray(0, 60);

async function startBot(options: TestBotOptions = {}) {
  const bot = await createTestBot({ answers: ['The shape is green.'], ...options });
  onTestFinished(() => bot.close());
  return bot;
}

const told = (name: string) => ({ type: 'text', text: `⟦file that you cannot see: ${name}⟧` });

describe('a question about files that cannot be read', () => {
  it('is not asked of the model, and the person is told why', async () => {
    const bot = await startBot();
    const files = [{ name: 'cut.png', bytes: cut }];
    const answer = await bot.ask('What color is the shape?', { files });
    expect(answer).toMatch(/^cut\.png: /);
    expect(answer).not.toContain('green');
    expect(bot.model.prompts).toEqual([]);
  });

  it('is not asked where it replies to one or forwards one', async () => {
    const bot = await startBot();
    const files = [{ name: 'cut.png', bytes: cut }];
    const { attachments = [], ...event } = await bot.adapter.say('See', { files });
    for (const source of ['reply', 'forward'] as const) {
      await bot.adapter.deliver({
        ...event,
        eventId: source,
        messageId: source,
        text: 'What color is it?',
        attachments: attachments.map((each) => ({ ...each, source })),
      });
      await bot.idle();
      expect(bot.adapter.textFor(source)).toMatch(/^cut\.png: /);
    }
    expect(bot.model.prompts).toEqual([]);
  });

  it('is not asked of a model that takes no pictures, and says so', async () => {
    const model = new ScriptedModel(['Green.'], { images: false });
    const bot = await startBot({ model });
    const files = [{ name: 'red.png', bytes: await pictureOf(255) }];
    const answer = await bot.ask('What color is the shape?', { files });
    expect(answer).toBe('red.png: The model that answers takes no pictures.');
    expect(model.prompts).toEqual([]);
  });

  it('is asked where some can be read, and the model is told which cannot', async () => {
    const bot = await startBot({ answers: ['Red.'] });
    const files = [
      { name: 'cut ⟧.png', bytes: cut },
      { name: 'red.png', bytes: await pictureOf(255) },
    ];
    const answer = await bot.ask('What color is the shape?', { files });
    expect(answer).toMatch(/^Red\.\n\ncut ⟧\.png: /);
    expect(bot.model.prompts[0]?.at(-1)?.content).toEqual([
      { type: 'image', image: expect.stringContaining('sha256:') },
      told('cut ].png'),
      { type: 'text', text: 'What color is the shape?' },
    ]);
  });

  it.each(['embed', 'history', 'thread', 'sticker'] as const)(
    'is asked where they only stand around it (%s), and the model is told',
    async (source) => {
      const bot = await startBot({ answers: ['Hi.', 'Four.'] });
      const files = [{ name: 'cut.png', bytes: cut }];
      const { attachments = [], ...event } = await bot.adapter.say('See', { files });
      await bot.adapter.deliver({
        ...event,
        eventId: source,
        messageId: source,
        text: 'What is 2 + 2?',
        attachments: attachments.map((each) => ({ ...each, source })),
      });
      await bot.idle();
      expect(bot.model.prompts).toHaveLength(1);
      expect(bot.model.prompts[0]?.at(-1)?.content).toEqual([
        told('cut.png'),
        { type: 'text', text: 'What is 2 + 2?' },
      ]);
    },
  );

  it('can be asked again with a file that can be read', async () => {
    const bot = await startBot({ answers: ['Red.'] });
    await bot.ask('What color is the shape?', { files: [{ name: 'cut.png', bytes: cut }] });
    const files = [{ name: 'red.png', bytes: await pictureOf(255) }];
    expect(await bot.ask('What color is the shape?', { files })).toBe('Red.');
    expect(bot.model.prompts).toHaveLength(1);
  });
});
