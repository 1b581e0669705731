import { createLocalModel, generateObject, type VisionLanguageModel } from '@vistazo/core';
import { nanoModelFolder } from '@vistazo/nano';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { ScriptedModel } from '../../../packages/core/src/testing/scripted-model.ts';

const ticket = z.object({
  product: z.string().min(1).max(20),
  errorCode: z.string().max(12).nullable(),
  severity: z.enum(['low', 'high']),
  confidence: z.number().min(0).max(1),
  steps: z.array(z.object({ text: z.string().max(10), number: z.int().positive() })).max(2),
  source: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('window'), title: z.string().max(10) }),
    z.object({ kind: z.literal('none') }),
  ]),
  note: z.string().max(10).optional(),
});

let model: VisionLanguageModel;
let image: Uint8Array;

beforeAll(async () => {
  model = await createLocalModel({ model: nanoModelFolder });
  image = await sharp({ create: { width: 90, height: 60, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
});

afterAll(() => model?.close());

const question = (text: string) => [
  {
    role: 'user' as const,
    content: [
      { type: 'image' as const, image },
      { type: 'text' as const, text },
    ],
  },
];

describe('a typed answer of the embedded model', () => {
  it('is a value of the schema', async () => {
    const { value, end } = await generateObject(model, question('What is the error code?'), {
      schema: ticket,
    });
    expectTypeOf(value).toEqualTypeOf<z.infer<typeof ticket>>();
    expect(ticket.parse(value)).toEqual(value);
    expect(end.finishReason).toBe('endToken');
  });

  it('is one too when its tokens are few and its sampling wild', async () => {
    for (let seed = 0; seed < 10; seed += 1) {
      const options = { schema: ticket, maxNewTokens: 130, temperature: 10, seed };
      const { value, end } = await generateObject(model, question('Describe it.'), options);
      expect(ticket.parse(value)).toEqual(value);
      expect(end.usage.answerTokens).toBeLessThanOrEqual(130);
    }
  });

  it('is transformed by the schema', async () => {
    const schema = z.object({ many: z.int().min(7).max(7) }).transform(({ many }) => many * 6);
    expect((await generateObject(model, question('How many?'), { schema })).value).toBe(42);
  });

  it('is a word for yes or no where the schema takes such words', async () => {
    const schema = z.object({ isError: z.stringbool(), isOurs: z.stringbool().optional() });
    for (let seed = 0; seed < 5; seed += 1) {
      const options = { schema, temperature: 10, seed };
      const { value } = await generateObject(model, question('Is it an error?'), options);
      expect(value.isError).toBeTypeOf('boolean');
    }
  });

  it('needs room for the shortest value', async () => {
    await expect(
      generateObject(model, question('What?'), { schema: ticket, maxNewTokens: 20 }),
    ).rejects.toMatchObject({
      code: 'option.invalid',
      message: expect.stringContaining('there is room for 20; raise maxNewTokens'),
    });
  });

  it.each([
    ['JSON cannot hold', z.object({ at: z.date() }), 'cannot be written as JSON Schema'],
    ['nobody can be held to', z.string().regex(/(?<=E-)\d/), 'has (?<=E-)'],
  ])('is refused for a schema that %s', async (_, schema, words) => {
    await expect(generateObject(model, question('What?'), { schema })).rejects.toMatchObject({
      code: 'option.unsupported',
      message: expect.stringContaining(words),
    });
  });

  it('that is stopped is no value', async () => {
    const signal = AbortSignal.abort();
    await expect(
      generateObject(model, question('What?'), { schema: ticket, signal }),
    ).rejects.toMatchObject({ code: 'generation.aborted' });
  });
});

describe('a typed answer of a model that is not held to the schema', () => {
  const schema = z.object({ color: z.enum(['red', 'blue']) });
  const asked = [{ role: 'user' as const, content: 'Which color?' }];
  const answering = (text: string) => new ScriptedModel([{ pieces: [text] }]);

  it('is a value when it keeps to it', async () => {
    const { value } = await generateObject(answering('{"color": "red"}'), asked, {
      schema,
    });
    expect(value).toEqual({ color: 'red' });
  });

  it.each([
    ['It is red.', 'The answer is no JSON'],
    ['{"color": "green"}', 'not of the wanted form: color: '],
  ])('is an error when it is %s', async (text, words) => {
    await expect(generateObject(answering(text), asked, { schema })).rejects.toMatchObject({
      code: 'answer.invalid',
      message: expect.stringContaining(words),
    });
  });
});
