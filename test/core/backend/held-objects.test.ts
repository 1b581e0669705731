import { generateObject, type VisionLanguageModel } from '@vistazo/core';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { JsonConstraints } from '../../../packages/core/src/inference/sequence/constraint/json-constraint.ts';
import { ScriptedModel } from '../../../packages/core/src/testing/scripted-model.ts';

const end = 256;
const tokenBytes = [
  ...Array.from({ length: end }, (_, byte) => Uint8Array.of(byte)),
  undefined,
  ...['": ', '", "', 'abc', ' A', '-01', '12', 'é', '😀', '.com'].map((text) => Buffer.from(text)),
];
const constraints = new JsonConstraints(tokenBytes, new Set([end]));

/** A local model that picks each token by chance out of those that its constraint allows. */
class ChanceModel extends ScriptedModel {
  override readonly info = { ...new ScriptedModel([]).info, runs: 'here' as const };
  #seed: number;

  constructor(seed: number) {
    super([]);
    this.#seed = seed;
  }

  override async *generate(
    ...[, options]: Parameters<VisionLanguageModel['generate']>
  ): ReturnType<ScriptedModel['generate']> {
    const text = this.#write(options?.jsonSchema ?? {}, 400);
    yield* new ScriptedModel([{ pieces: [text] }]).generate([{ role: 'user', content: '' }]);
  }

  #write(schema: Record<string, unknown>, maxTokens: number): string {
    const scope = { name: '', isForgotten: false };
    const constraint = constraints.forAnswer(schema, maxTokens, scope);
    const bytes: number[] = [];
    for (let left = maxTokens; left > 0 && !constraint.isFinal; left -= 1) {
      const logits = Float32Array.from(tokenBytes, () => this.#random());
      constraint.mask(logits, left);
      const token = logits.indexOf(Math.max(...logits));
      if (token === end) break;
      constraint.accept(token);
      bytes.push(...(tokenBytes[token] ?? []));
    }
    expect(constraint.isAccepting).toBe(true);
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes));
  }

  #random(): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#seed / 2 ** 32;
  }
}

const asked = [{ role: 'user' as const, content: 'Fill in.' }];

const tree = z.object({
  value: z.int(),
  get next() {
    return tree.nullable();
  },
});

const writable: Record<string, z.ZodType> = {
  'iso.datetime': z.iso.datetime(),
  'iso.date': z.iso.date(),
  'iso.time': z.iso.time(),
  'iso.duration': z.iso.duration(),
  email: z.email(),
  uuid: z.uuid(),
  url: z.url(),
  httpUrl: z.httpUrl(),
  hostname: z.hostname(),
  ipv4: z.ipv4(),
  ipv6: z.ipv6(),
  cidrv4: z.cidrv4(),
  cidrv6: z.cidrv6(),
  mac: z.mac(),
  e164: z.e164(),
  base64: z.base64(),
  base64url: z.base64url(),
  hex: z.hex(),
  emoji: z.emoji(),
  cuid2: z.cuid2(),
  ulid: z.ulid(),
  nanoid: z.nanoid(),
  regex: z.string().regex(/^a+$/),
  'regex that is searched for': z.string().regex(/b+c/).max(9),
  'several patterns': z.string().startsWith('a').includes('b').endsWith('c'),
  'pattern and length': z.email().max(24),
  'string of lengths': z.string().min(3).max(8),
  'string of one length': z.string().length(5),
  trim: z.string().trim(),
  'trim before a length': z.string().trim().min(3).max(6),
  'toLowerCase before a pattern': z.string().toLowerCase().regex(/^.b/),
  templateLiteral: z.templateLiteral(['a', z.int()]),
  stringbool: z.stringbool(),
  record: z.record(z.string(), z.int()),
  'record of an enum': z.record(z.enum(['a', 'b']), z.number()),
  partialRecord: z.partialRecord(z.enum(['a', 'b']), z.number()),
  looseRecord: z.looseRecord(z.string().regex(/^x/), z.int()),
  'record of a pattern': z.record(z.string().regex(/^[a-c]{2}$/), z.boolean()),
  tuple: z.tuple([z.string().max(5), z.int()]),
  'tuple with more': z.tuple([z.string().max(5)], z.int()),
  'tuple with less': z.tuple([z.string().max(5), z.int().optional()]),
  discriminatedUnion: z.discriminatedUnion('t', [
    z.object({ t: z.literal('a'), x: z.int() }),
    z.object({ t: z.literal('b'), y: z.string().max(9) }),
  ]),
  union: z.union([z.int(), z.boolean()]),
  xor: z.xor([z.int(), z.boolean()]),
  intersection: z.intersection(z.object({ a: z.int() }), z.object({ b: z.int() })),
  'intersection of unions': z.intersection(
    z.union([z.object({ a: z.int() }), z.object({ b: z.int() })]),
    z.object({ c: z.boolean() }),
  ),
  nullable: z.nullable(z.int()),
  optional: z.object({ a: z.int().optional(), b: z.boolean() }),
  nullish: z.object({ a: z.int().nullish() }),
  literal: z.literal(['a', 1, true, null]),
  enum: z.enum(['x', 'y']),
  'int of bounds': z.int().min(3).max(7),
  int32: z.int32(),
  float32: z.float32(),
  positive: z.number().positive(),
  'between 0 and 1': z.number().gt(0).lt(1),
  'multiple of 0.5': z.number().multipleOf(0.5),
  'multiple of 0.01': z.number().multipleOf(0.01).min(-1).max(1),
  'int of steps': z.int().multipleOf(5).multipleOf(7),
  'array of counts': z.array(z.int()).min(2).max(3),
  strictObject: z.strictObject({ a: z.int() }),
  looseObject: z.looseObject({ a: z.int() }),
  catchall: z.object({ a: z.int() }).catchall(z.boolean()),
  never: z.object({ a: z.never().optional() }),
  default: z.object({ a: z.int().default(5) }),
  catch: z.int().catch(0),
  transform: z.string().transform(({ length }) => length),
  codec: z.codec(z.string().max(4), z.int(), {
    decode: ({ length }) => length,
    encode: String,
  }),
  'coerce.number': z.coerce.number(),
  'any and unknown': z.object({ a: z.any(), b: z.unknown() }),
  json: z.json(),
  lazy: z.lazy(() => z.int()),
  'a schema within itself': tree,
  meta: z.object({ a: z.int().meta({ examples: [1], title: 't', foo: 1 }) }),
};

describe('a zod schema', () => {
  it.each(Object.keys(writable))('of kind "%s" is followed by every answer', async (kind) => {
    const schema = writable[kind] ?? z.never();
    for (let seed = 1; seed <= 4; seed += 1) {
      const { end: answer } = await generateObject(new ChanceModel(seed), asked, { schema });
      expect(() => JSON.parse(answer.text)).not.toThrow();
    }
  });

  it.each<[string, z.ZodType, string]>([
    ['jwt', z.jwt(), 'the format jwt'],
    ['a pattern with a flag', z.string().regex(/a/i), 'the flag i of /a/i'],
    ['a format of its own', z.stringFormat('card', ({ length }) => length > 3), 'the format card'],
    ['protocols', z.url({ protocol: /^ftp$/ }), 'the protocol /^ftp$/ of an URL'],
    [
      'checks after a change',
      z
        .string()
        .overwrite((text) => text.slice(1))
        .min(3),
      'checks after a change of the value',
    ],
    ['look-behind', z.string().regex(/(?<=a)b/), 'has (?<=a)'],
    ['a date', z.date(), 'Date cannot be represented'],
  ])('with %s is refused before the model answers', async (_, schema, words) => {
    const answer = generateObject(new ChanceModel(1), asked, { schema });
    await expect(answer).rejects.toMatchObject({
      code: 'option.unsupported',
      message: expect.stringContaining(words),
    });
  });
});
