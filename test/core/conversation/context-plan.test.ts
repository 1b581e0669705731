import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatMessage } from '../../../packages/core/src/conversation/chat-message.ts';
import { leftOutIds, planContext } from '../../../packages/core/src/conversation/context-plan.ts';
import {
  type Message,
  messageIdSchema,
  picturesOf,
} from '../../../packages/core/src/conversation/message.ts';
import { pictureOf, textPart } from './message-fixture.ts';

const pictureTokens = 64;
/** Of `Image 2:`. */
const labelTokens = 2;

/** A word is a token, labels of pictures too, a picture 64; the template adds two a message and one at the end. */
async function countTokens(messages: readonly ChatMessage[]) {
  const parts = messages.map(({ content }) =>
    typeof content === 'string' ? [textPart(content)] : content,
  );
  const messageImageTokens = parts.map(
    (each) => each.filter(({ type }) => type === 'image').length * pictureTokens,
  );
  const words = parts.map(
    (each) =>
      each.flatMap((part) => (part.type === 'text' ? part.text.split(' ').filter(Boolean) : []))
        .length,
  );
  const messageTokens = words.map((count, index) => 2 + count + (messageImageTokens[index] ?? 0));
  return {
    totalTokens: messageTokens.reduce((sum, each) => sum + each, 1),
    messageTokens,
    messageImageTokens,
  };
}

function message(role: Message['role'], text: string, pictures: number): Message {
  const parts = [...Array(pictures).keys()].map((index) => pictureOf(`${text} ${index}`));
  return {
    id: messageIdSchema.parse(randomUUID()),
    parentId: null,
    role,
    createdAtMs: 0,
    parts: text === '' ? parts : [...parts, textPart(text)],
  };
}

const plan = (messages: Message[], maxPromptTokens: number, systemMessage: string | null = null) =>
  planContext({ systemMessage, messages, maxPromptTokens, countTokens });

describe('the context budget', () => {
  const talk = [
    message('user', 'one one', 2),
    message('assistant', 'first', 0),
    message('user', 'two', 1),
    message('assistant', 'second', 0),
    message('user', 'and now', 0),
  ];

  it('keeps everything that fits', async () => {
    const { messages, leftOut, promptTokens } = await plan(talk, 216);
    expect(messages).toHaveLength(5);
    expect(leftOut).toEqual([]);
    expect(promptTokens).toBe(216);
  });

  it('leaves out old pictures before any text, and says so', async () => {
    const { messages, leftOut, promptTokens } = await plan(talk, 215);
    expect(messages).toHaveLength(5);
    expect(promptTokens).toBe(82);
    expect(leftOut).toEqual([
      {
        what: 'pictures',
        messageId: talk[0]?.id,
        pictures: 2,
        tokens: 128,
        sentence:
          '2 pictures of the message “one one” (128 tokens) were left out to fit into the context.',
      },
    ]);
  });

  it('then leaves out the oldest turn with its answer, before the newest picture', async () => {
    const { messages, leftOut } = await plan(talk, 80);
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(JSON.stringify(messages)).toContain('sha256:');
    expect(leftOut).toMatchObject([
      { what: 'message', messageId: talk[0]?.id, pictures: 2, tokens: 136 },
      { what: 'message', messageId: talk[1]?.id, pictures: 0, tokens: 3 },
    ]);
    expect(leftOut[0]?.sentence).toBe(
      'The message “one one” with 2 pictures (136 tokens) was left out to fit into the context.',
    );
  });

  it('numbers pictures where several are shown, as before where some are left out', async () => {
    const more = [...talk, message('assistant', 'third', 0), message('user', 'three', 2)];
    const labels = ({ messages }: { messages: ChatMessage[] }) =>
      messages.flatMap(({ content }) =>
        typeof content === 'string'
          ? []
          : content.flatMap((part) =>
              part.type === 'text' && part.text.startsWith('Image') ? [part.text] : [],
            ),
      );
    const numbers = (...of: number[]) => of.map((number) => `Image ${number}:`);
    expect(labels(await plan(more, 1000))).toEqual(numbers(1, 2, 3, 4, 5));
    expect(labels(await plan(more, 250))).toEqual(numbers(3, 4, 5));
    expect(labels(await plan(more, 210))).toEqual(numbers(4, 5));
    expect(labels(await plan(talk, 215))).toEqual([]);
  });

  it('says how pictures are named before the first that has a number, and only where one has', async () => {
    const pictureRule = 'Say which.';
    const ruled = (messages: Message[], maxPromptTokens = 1000) =>
      planContext({ systemMessage: null, messages, maxPromptTokens, countTokens, pictureRule });
    const { messages, promptTokens } = await ruled(talk);
    expect(messages[0]?.content.slice(0, 2)).toEqual([
      textPart('Say which.'),
      textPart('Image 1:'),
    ]);
    expect(JSON.stringify(messages).match(/Say which/g)).toHaveLength(1);
    expect(promptTokens).toBe(218);
    const alone = await ruled(talk.slice(2));
    expect(alone).toEqual(await plan(talk.slice(2), 1000));
    expect(await ruled(talk, 215)).toEqual(await plan(talk, 215));
  });

  it('goes on as it began when further pictures come', async () => {
    const pictureRule = 'Say which.';
    const turns = [
      message('user', 'one', 1),
      message('assistant', 'first', 0),
      message('user', 'two', 1),
      message('assistant', 'second', 0),
      message('user', 'three', 3),
      message('assistant', 'third', 0),
      message('user', 'four', 1),
    ];
    const prompts = await Promise.all(
      [1, 3, 5, 7].map(async (count) => {
        const request = { systemMessage: null, messages: turns.slice(0, count), countTokens };
        return (await planContext({ ...request, maxPromptTokens: 1000, pictureRule })).messages;
      }),
    );
    for (const [index, prompt] of prompts.slice(1).entries())
      expect(prompt.slice(0, prompts[index]?.length)).toEqual(prompts[index]);
  });

  it('refuses a question that alone does not fit, with both numbers', async () => {
    await expect(
      plan([message('user', 'what is this', 3)], 100, 'Be brief.'),
    ).rejects.toMatchObject({
      code: 'chat.tooLong',
      message: expect.stringMatching(/needs 208 tokens but only 100 fit/),
    });
  });

  it('counts again what is kept, so a template that is not additive fits too', async () => {
    const padded = async (messages: readonly ChatMessage[]) => {
      const costs = await countTokens(messages);
      return { ...costs, totalTokens: costs.totalTokens + 20 };
    };
    const { promptTokens, leftOut } = await planContext({
      systemMessage: null,
      messages: talk,
      maxPromptTokens: 90,
      countTokens: padded,
    });
    expect(promptTokens).toBeLessThanOrEqual(90);
    expect(leftOut.length).toBeGreaterThan(1);
  });
});

describe('a long conversation', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      message(index % 2 === 0 ? 'user' : 'assistant', `word ${index}`, index === 0 ? 2 : 0),
    ).concat(message('user', 'and now', 0));

  it('is counted from its end, no further than the budget reaches', async () => {
    const workFor = async (length: number) => {
      let counted = 0;
      await planContext({
        systemMessage: null,
        messages: many(length),
        maxPromptTokens: 400,
        countTokens: (messages) => {
          counted += messages.length;
          return countTokens(messages);
        },
      });
      return counted;
    };
    const work = await workFor(1000);
    expect(work).toBeLessThan(1000);
    expect(await workFor(4000)).toBe(work);
  });

  it('names what is left out in one sentence, by the last message of it', async () => {
    const messages = many(1000);
    const result = await plan(messages, 400);
    const [earlier, ...others] = result.leftOut;
    expect(others).toEqual([]);
    const left = messages.length - result.messages.length;
    expect(earlier).toMatchObject({
      what: 'earlier',
      pictures: 2,
      messageId: messages[left - 1]?.id,
    });
    expect(earlier?.sentence).toBe(
      `${left} earlier messages with 2 pictures were left out to fit into the context.`,
    );
    expect(leftOutIds(result.leftOut, messages)).toEqual(
      new Set(messages.slice(0, left).map(({ id }) => id)),
    );
    // As much stays as there is room for.
    expect(result.promptTokens).toBeGreaterThan(390);
  });
});

const turn = fc.tuple(fc.nat(30), fc.nat(3), fc.nat(30));

function messagesOf(turns: [number, number, number][]): Message[] {
  const words = (count: number) => Array(count).fill('word').join(' ');
  const all = turns.flatMap(([question, pictures, answer]) => [
    message('user', words(question + (pictures === 0 ? 1 : 0)), pictures),
    message('assistant', words(answer + 1), 0),
  ]);
  return all.slice(0, -1);
}

describe('of any conversation and any budget', () => {
  const anyCase = fc.record({
    turns: fc.array(turn, { minLength: 1, maxLength: 12 }),
    maxPromptTokens: fc.integer({ min: 1, max: 900 }),
    systemMessage: fc.constantFrom(null, 'Be brief.'),
  });

  it('the prompt fits, the question and the system message stay, and all that is missing is named', async () => {
    const seen = { planned: 0, refused: 0, cut: 0 };
    await fc.assert(
      fc.asyncProperty(anyCase, async ({ turns, maxPromptTokens, systemMessage }) => {
        const messages = messagesOf(turns);
        const question = messages.slice(-1);
        const least = await plan(question, Number.POSITIVE_INFINITY, systemMessage);
        const result = await plan(messages, maxPromptTokens, systemMessage).catch((error) => error);
        if (least.promptTokens > maxPromptTokens) {
          expect(result).toMatchObject({ code: 'chat.tooLong' });
          seen.refused += 1;
          return;
        }
        seen.planned += 1;
        seen.cut += result.leftOut.length > 0 ? 1 : 0;
        expect((await countTokens(result.messages)).totalTokens).toBe(result.promptTokens);
        expect(result.promptTokens).toBeLessThanOrEqual(maxPromptTokens);
        expect(withoutLabels(result.messages.at(-1))).toEqual(withoutLabels(least.messages.at(-1)));
        if (systemMessage)
          expect(result.messages[0]).toEqual({ role: 'system', content: systemMessage });
        // Labels of what is left out, or stays as the only picture, are said no more.
        const saved = (await allTokens(messages, systemMessage)) - accountedTokens(result);
        expect(saved).toBeGreaterThanOrEqual(0);
        expect(saved).toBeLessThanOrEqual(labelTokens * messages.flatMap(picturesOf).length);
      }),
    );
    expect(Math.min(seen.planned, seen.refused, seen.cut)).toBeGreaterThan(3);
  });

  it('whole turns are left out from the oldest on, never one between two that stay', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, async ({ turns, maxPromptTokens }) => {
        const messages = messagesOf(turns);
        const result = await plan(messages, maxPromptTokens).catch(() => undefined);
        if (result === undefined) return;
        const gone = new Set(
          result.leftOut.filter(({ what }) => what === 'message').map(({ messageId }) => messageId),
        );
        const flags = messages.map(({ id }) => gone.has(id));
        expect(flags).toEqual([...flags].sort((a, b) => Number(b) - Number(a)));
      }),
    );
  });

  it('a larger budget never leaves out more tokens', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, fc.nat(200), async ({ turns, maxPromptTokens }, more) => {
        const messages = messagesOf(turns);
        const small = await plan(messages, maxPromptTokens).catch(() => undefined);
        if (small === undefined) return;
        const large = await plan(messages, maxPromptTokens + more);
        expect(large.promptTokens).toBeGreaterThanOrEqual(small.promptTokens);
        const pictures = messages.flatMap(picturesOf).length;
        expect(large.leftOut.reduce((sum, each) => sum + each.pictures, 0)).toBeLessThanOrEqual(
          pictures,
        );
      }),
    );
  });
});

/** By which number a picture is called, if by any, depends on the others. */
function withoutLabels({ content = [] }: Partial<ChatMessage> = {}) {
  if (typeof content === 'string') return content;
  return content.filter((part) => part.type !== 'text' || !/^Image \d+:$/.test(part.text));
}

type Plan = Awaited<ReturnType<typeof plan>>;

function accountedTokens({ promptTokens, leftOut }: Plan) {
  return leftOut.reduce((sum, { tokens = 0 }) => sum + tokens, promptTokens);
}

async function allTokens(messages: Message[], systemMessage: string | null) {
  return (await plan(messages, Number.POSITIVE_INFINITY, systemMessage)).promptTokens;
}
