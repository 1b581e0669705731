import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import type { ChatMessage } from '../../../packages/core/src/conversation/chat-message.ts';
import { dataRule } from '../../../packages/core/src/conversation/fence.ts';
import { pictureRule } from '../../../packages/core/src/conversation/picture-labels.ts';
import { definePlugin } from '../../../packages/core/src/plugin/define-plugin.ts';
import {
  createTestBot,
  MemoryAdapter,
  type PersonMessage,
  ScriptedModel,
  type TestBot,
  type TestBotOptions,
} from '../../../packages/core/src/testing/index.ts';
import { anyText } from '../../any-text.ts';
import { pictureOf, sharpMedia } from './bot-fixture.ts';

const [red, green, blue] = await Promise.all([
  pictureOf(255),
  pictureOf(0, 255),
  pictureOf(0, 0, 255),
]);
const alice = { id: 'alice', name: 'Alice' };
const ben = { id: 'ben', name: 'Ben' };

async function startBot(options: TestBotOptions = {}): Promise<TestBot> {
  const bot = await createTestBot({ media: sharpMedia, ...options });
  onTestFinished(() => bot.close());
  return bot;
}

/** What a model is shown of a message: its texts, and `#` for a picture. */
function shown({ content }: ChatMessage): string[] {
  if (typeof content === 'string') return [content];
  return content.map((part) => (part.type === 'text' ? part.text : '#'));
}

/** What the model was shown at last but for the system message, message by message. */
const lastPrompt = ({ model }: TestBot) =>
  (model.prompts.at(-1) ?? []).filter(({ role }) => role !== 'system').map(shown);

const repliedTo = (bytes: Uint8Array): PersonMessage => ({
  pictures: [red],
  files: [{ bytes, name: 'theirs.png', author: alice, source: 'reply' }],
});

describe('what a model is told of pictures', () => {
  it('is of whom each is and how it came, where there are several', async () => {
    const bot = await startBot();
    await bot.ask('Compare.', {
      pictures: [red],
      files: [
        { bytes: green, author: alice, source: 'reply' },
        { bytes: blue, source: 'forward' },
      ],
    });
    expect(lastPrompt(bot)).toEqual([
      [
        pictureRule,
        'Image 1, from Ana:',
        '#',
        'Image 2, from Alice, replied to:',
        '#',
        'Image 3, from Ana, forwarded:',
        '#',
        'Compare.',
      ],
    ]);
  });

  it.each([
    ['embed', 'Image 2, preview of a link:'],
    ['sticker', 'Image 2, sticker:'],
    ['history', 'Image 2, posted before:'],
    ['thread', 'Image 2, beginning of the thread:'],
  ] as const)('says of one that came by %s: %s', async (source, label) => {
    const bot = await startBot();
    await bot.ask('Compare.', { pictures: [red], files: [{ bytes: green, source }] });
    expect(lastPrompt(bot)[0]).toContain(label);
  });

  it('is nothing of the only one, wherever it came from', async () => {
    const bot = await startBot();
    const files = [{ bytes: red, author: alice, source: 'reply' as const }];
    expect(await bot.ask('What is it?', { files })).toBe('Yes.');
    expect(bot.model.prompts[0]).toEqual([
      { role: 'system', content: dataRule },
      {
        role: 'user',
        content: [
          { type: 'image', image: expect.stringMatching(/^sha256:/) },
          { type: 'text', text: 'What is it?' },
        ],
      },
    ]);
  });

  it('is nothing more where the only one comes again, as with a reply to the answer', async () => {
    const bot = await startBot();
    await bot.ask('What is it?', { pictures: [red] });
    const files = [{ bytes: red, author: { id: 'ana', name: 'Ana' }, source: 'reply' as const }];
    expect(await bot.ask('Really?', { files })).toBe('Yes.');
    expect(lastPrompt(bot)).toEqual([['#', 'What is it?'], ['Yes.'], ['#', 'Really?']]);
  });

  it('leaves what was said before as it was, the system message too, when a second one comes', async () => {
    const bot = await startBot();
    await bot.ask('What is it?', { pictures: [red] });
    await bot.ask('And this?', { pictures: [green], author: ben });
    const [first = [], second = []] = bot.model.prompts;
    expect(second.slice(0, first.length)).toEqual(first);
    expect(shown(second.at(-1) ?? { role: 'user', content: [] })).toEqual([
      pictureRule,
      'Image 2, from Ben:',
      '#',
      'And this?',
    ]);
  });

  it('is the number that plugins know, also for one that came before', async () => {
    const seen: number[][] = [];
    const watching = definePlugin({
      name: 'watching',
      version: '1.0.0',
      config: z.object({}),
      setup: ({ prompt }) =>
        prompt(({ conversationPictures }) => {
          seen.push(conversationPictures.map(({ number }) => number));
          return undefined;
        }),
    });
    const bot = await startBot({ plugins: [watching({})] });
    await bot.ask('These?', { pictures: [red, green] });
    await bot.ask('And now?', { pictures: [red, blue] });
    expect(seen).toEqual([
      [1, 2],
      [1, 2, 1, 3],
    ]);
    expect(lastPrompt(bot).at(-1)).toEqual(['Image 1:', '#', 'Image 3:', '#', 'And now?']);
  });

  it('is no rule where the model takes none, or answers shall not name pictures', async () => {
    for (const options of [{ dataRule: null }, { namePictures: false }]) {
      const bot = await startBot(options);
      await bot.ask('Compare.', { pictures: [red, green] });
      expect(lastPrompt(bot)).toEqual([['Image 1:', '#', 'Image 2:', '#', 'Compare.']]);
    }
  });
});

describe('the end of an answer', () => {
  it('says which picture is whose, and the model does not hear it as its word', async () => {
    const bot = await startBot({ answers: ['They differ.'] });
    expect(await bot.ask('Compare.', repliedTo(green))).toBe(
      'They differ.\n\nPictures: 1 from you; 2 from Alice, replied to',
    );
    await bot.ask('How?');
    expect(lastPrompt(bot).slice(1)).toEqual([['They differ.'], ['How?']]);
  });

  it('names those of earlier messages, after what could not be used', async () => {
    const bot = await startBot();
    await bot.ask('These?', { pictures: [red, green], author: alice });
    const files = [{ bytes: Buffer.from('text'), name: 'a.txt' }];
    const answer = await bot.ask('And this?', { pictures: [blue], files });
    expect(answer).toMatch(
      /^Yes\.\n\na\.txt: .*\n\nPictures: 1, 2 from Alice, earlier; 3 from you$/,
    );
  });

  it('names none where all came with the message in one way, or it brings none', async () => {
    const bot = await startBot();
    expect(await bot.ask('These?', { pictures: [red, green] })).toBe('Yes.');
    expect(await bot.ask('And this?', { pictures: [blue] })).toContain('Pictures:');
    expect(await bot.ask('Thanks!')).toBe('Yes.');
  });

  it('names none that did not fit into the context', async () => {
    const model = new ScriptedModel([], { contextLengthTokens: 110 });
    const bot = await startBot({ model });
    await bot.ask('This?', { pictures: [red] });
    expect(await bot.ask('And this?', { pictures: [green] })).toBe('Yes.');
  });

  it('names none where that is not wanted, and where a plugin answers', async () => {
    const silent = await startBot({ namePictures: false });
    expect(await silent.ask('Compare.', repliedTo(green))).toBe('Yes.');
    const replying = definePlugin({
      name: 'replying',
      version: '1.0.0',
      config: z.object({}),
      setup: ({ onMessage }) => onMessage(async ({ reply }) => reply('I do.')),
    });
    const bot = await startBot({ plugins: [replying({})] });
    expect(await bot.ask('Compare.', repliedTo(green))).toBe('I do.');
  });

  it('stays short however many brought pictures', async () => {
    const adapter = new MemoryAdapter();
    const bot = await startBot({ adapter });
    for (const index of Array(9).keys())
      await bot.ask('This?', {
        pictures: [await pictureOf(index, 7)],
        author: { id: `person ${index}`, name: `Person ${index}` },
      });
    expect(adapter.posts.at(-1)?.text).toBe(
      `Yes.\n\nPictures: older ones; ${[4, 5, 6, 7, 8].map((n) => `${n} from Person ${n - 1}, earlier`).join('; ')}; 9 from you`,
    );
  });
});

describe('the name of a person who posted a picture', () => {
  const unit = fc.constantFrom(
    ...['\n', '\r', '\u2028', '\u202e', '⟧', '⟦', ':', '@', 'everyone', '<', '>', '<@1>', '|', '*'],
    ...[
      '<image>',
      '<end_of_utterance>',
      '`',
      '[x](http://a.example)',
      'www.',
      '#',
      '> ',
      'Al',
      ' ',
    ],
  );
  const anyName = fc.oneof(fc.string({ unit, maxLength: 30 }), anyText());

  it('can add no line, mark or mention, neither to the prompt nor to the answer', async () => {
    const bot = await startBot();
    await fc.assert(
      fc.asyncProperty(anyName, async (name) => {
        const [label, answer] = await labelAndAnswer(bot, name);
        expect(label).toMatch(/^Image 2, from [\p{L}\p{M}\p{N}'’ -]{1,80}, replied to:$/u);
        expect(answer).toMatch(
          /^Yes\.\n\nPictures: 1 from you; 2 from [\p{L}\p{M}\p{N}'’ -]{1,80}, replied to$/u,
        );
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['Zoë O’Neil-Smith', 'Zoë O’Neil-Smith'],
    ['李雷', '李雷'],
    ['', 'somebody'],
    ['@everyone: ⟦x⟧', 'everyone x'],
    ['a'.repeat(1000), 'a'.repeat(40)],
  ])('%j is %j', async (name, plain) => {
    const [label] = await labelAndAnswer(await startBot(), name);
    expect(label).toBe(`Image 2, from ${plain}, replied to:`);
  });

  /** In a conversation of its own. */
  async function labelAndAnswer(bot: TestBot, name: string) {
    const answer = await bot.ask('Compare.', {
      conversationKey: crypto.randomUUID(),
      pictures: [red],
      files: [
        { bytes: green, author: { id: 'alice', name: name.slice(0, 1000) }, source: 'reply' },
      ],
    });
    return [lastPrompt(bot)[0]?.[3], answer];
  }
});
