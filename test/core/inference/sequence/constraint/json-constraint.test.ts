import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { JsonConstraints } from '../../../../../packages/core/src/inference/sequence/constraint/json-constraint.ts';
import { jsonSchemaGrammar } from '../../../../../packages/core/src/inference/sequence/constraint/json-schema-grammar.ts';
import { TokenTrie } from '../../../../../packages/core/src/inference/sequence/constraint/token-trie.ts';

type Schema = Record<string, unknown>;

const ajv = new Ajv2020({ strict: false, validateFormats: false });

/** Every byte, and tokens of several that cross the signs of JSON and the borders of characters. */
const words = [
  ...['{"', '":', '": "', '", "', '"}', '"]', '}]', ': ', ', ', '[{', '{}', '[]', 'true', 'false'],
  ...['null', 'name', 'red', 'blue', ' red', '12', '345', '0.', '-1', 'e+', '\\u00', '\\"', 'é'],
  ...['日本', '😀', '<html>', 'kind', 'a": 1', 'b"', '"}]}', '999999', '00000', '\n', '  '],
];
const tokenBytes: (Uint8Array | undefined)[] = [
  ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
  ...words.map((word) => Buffer.from(word)),
  // Halves of characters.
  Uint8Array.of(0xe6, 0x97),
  Uint8Array.of(0xa5, 0x22),
  // The end, which is no text.
  undefined,
];
const endToken = tokenBytes.length - 1;
const scope = { name: '', isForgotten: false };
const constraints = () => new JsonConstraints(tokenBytes, new Set([endToken]));

/** Numbers from 0 to 1 that depend on the seed alone. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What a model without any sense writes: each token is picked by chance out of those allowed. */
function babble(schema: Schema, random: () => number, maxTokens: number): string {
  const constraint = constraints().forAnswer(schema, maxTokens, scope);
  const bytes: number[] = [];
  for (let left = maxTokens; left > 0 && !constraint.isFinal; left -= 1) {
    const logits = Float32Array.from(tokenBytes, random);
    constraint.mask(logits, left);
    const token = logits.indexOf(Math.max(...logits));
    expect(logits[token]).toBeGreaterThan(Number.NEGATIVE_INFINITY);
    if (token === endToken) break;
    constraint.accept(token);
    bytes.push(...(tokenBytes[token] ?? []));
  }
  expect(constraint.isAccepting).toBe(true);
  return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes));
}

/** Whether the constraint lets a model write this text and end. */
function canWrite(schema: Schema, text: string): boolean {
  const constraint = constraints().forAnswer(schema, 10_000, scope);
  for (const byte of Buffer.from(text)) {
    const logits = new Float32Array(tokenBytes.length);
    constraint.mask(logits, 10_000);
    if (logits[byte] !== 0) return false;
    constraint.accept(byte);
  }
  return constraint.isAccepting;
}

const bounds = (value: fc.Arbitrary<number>, low: string, high: string) =>
  fc.tuple(fc.option(value), fc.option(value)).map(([one, other]) => {
    const [min, max] = one !== null && other !== null && one > other ? [other, one] : [one, other];
    return { ...(min !== null && { [low]: min }), ...(max !== null && { [high]: max }) };
  });

const decimals = fc
  .tuple(fc.integer({ min: -1e8, max: 1e8 }), fc.integer({ min: 0, max: 5 }))
  .map(([units, digits]) => units / 10 ** digits);

const { schema: schemas } = fc.letrec<{ schema: Schema; leaf: Schema }>((tie) => ({
  leaf: fc.oneof(
    fc.constantFrom<Schema>(
      {},
      { type: 'boolean' },
      { type: 'null' },
      { type: ['string', 'null'] },
      { type: 'number' },
      { type: 'array' },
      { type: 'object' },
      { enum: ['red', 'blue', 3, null, { a: [1] }] },
      { type: 'string', enum: ['red', 'blé "', 7] },
      { const: 'é\n' },
      { type: 'string', pattern: '^[a-f]+-?\\d{2,3}$' },
      { type: 'string', pattern: 'b.*d', maxLength: 9 },
      { type: 'string', allOf: [{ pattern: '^(?!ab)' }, { pattern: '[^é]$' }] },
      { type: 'integer', multipleOf: 7, minimum: -50 },
      { type: 'number', multipleOf: 0.25, exclusiveMaximum: 3 },
      {
        type: 'object',
        patternProperties: { '^x': { type: 'null' } },
        additionalProperties: false,
      },
      { type: 'object', propertyNames: { pattern: '^[a-c]+$' } },
      { allOf: [{ type: ['string', 'integer'] }, { type: ['integer', 'null'] }], unknown: 1 },
      { minimum: 3, maxLength: 2, maxItems: 1 },
    ),
    bounds(fc.nat(12), 'minLength', 'maxLength').map((each) => ({ type: 'string', ...each })),
    bounds(decimals, 'minimum', 'maximum').map((each) => ({ type: 'number', ...each })),
    bounds(fc.integer({ min: -2000, max: 2000 }), 'minimum', 'maximum').map((each) => ({
      type: 'integer',
      ...each,
    })),
  ),
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc
      .tuple(tie('schema'), bounds(fc.nat(3), 'minItems', 'maxItems'))
      .map(([items, each]) => ({ type: 'array', items, ...each })),
    fc
      .array(tie('schema'), { minLength: 1, maxLength: 3 })
      .map((prefixItems) => ({ type: 'array', prefixItems, items: false })),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    tie('schema').map((additionalProperties) => ({ type: 'object', additionalProperties })),
    fc
      .dictionary(fc.constantFrom('name', 'kind', 'a', 'b', 'ñ "'), tie('schema'), { maxKeys: 4 })
      .chain((properties) =>
        fc.subarray(Object.keys(properties)).map((required) => ({
          type: 'object',
          properties,
          required,
          additionalProperties: false,
        })),
      ),
  ),
}));

/** Like `babble`, with as many tokens as the schema is said to need where that is more. */
function babbleWhole(schema: Schema, random: () => number, maxTokens: number): string {
  try {
    return babble(schema, random, maxTokens);
  } catch (error) {
    const [, needed] = /can need (\d+) tokens/.exec(String(error)) ?? [];
    if (needed === undefined) throw error;
    return babble(schema, random, Number(needed));
  }
}

describe('an answer held to a JSON Schema', () => {
  it('is valid whatever the model prefers, and whole within its tokens', () => {
    fc.assert(
      fc.property(schemas, fc.nat(), (schema, seed) => {
        const random = randomOf(seed);
        const text = babbleWhole(schema, random, 150);
        expect(ajv.validate(schema, JSON.parse(text)), text).toBe(true);
      }),
      { numRuns: 300, seed: 13 },
    );
  });

  it('uses no more tokens than the fewest that are enough', () => {
    const schema = {
      type: 'object',
      properties: { colors: { type: 'array', items: { type: 'string' } }, many: {} },
      required: ['colors', 'many'],
    };
    const shortest = '{"colors":[],"many":0}';
    const answer = babble(schema, Math.random, shortest.length);
    expect(ajv.validate(schema, JSON.parse(answer)), answer).toBe(true);
    expect(() => babble(schema, Math.random, shortest.length - 1)).toThrow(
      'can need 22 tokens, but there is room for 21; raise maxNewTokens',
    );
  });

  it('can be any valid value, as JavaScript and Python write it', () => {
    const value = fc.jsonValue({ noUnicodeString: false, maxDepth: 4 });
    // Without the doubles that are written with more than two digits of exponent.
    const usual = value.filter((each) => !/e[-+]?\d{3}/.test(JSON.stringify(each)));
    fc.assert(
      fc.property(usual, (each) => {
        const compact = JSON.stringify(each);
        expect(canWrite({}, compact), compact).toBe(true);
      }),
      { numRuns: 300 },
    );
    expect(canWrite({}, '{"a": [1, 2], "b": {"c": null}}')).toBe(true);
  });

  it.each(['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'])(
    'can be a number exactly when it keeps the %s',
    (keyword) => {
      fc.assert(
        fc.property(
          decimals,
          fc.oneof(decimals, fc.constant(undefined)),
          fc.constantFrom('number', 'integer'),
          (bound, other, type) => {
            const number = type === 'integer' ? Math.round(other ?? bound) : (other ?? bound);
            const schema = { type, [keyword]: bound };
            const text = JSON.stringify(number);
            expect(canWrite(schema, text), `${text} ${JSON.stringify(schema)}`).toBe(
              ajv.validate(schema, number),
            );
          },
        ),
        { numRuns: 150 },
      );
    },
  );

  it('can be an object with or without its optional properties, in the order of the schema', () => {
    const schema = {
      type: 'object',
      properties: { a: { const: 1 }, b: { const: 2 }, c: { const: 3 } },
      required: ['b'],
      additionalProperties: false,
    };
    const texts = ['{"b":2}', '{"a":1,"b":2}', '{"b":2,"c":3}', '{"a":1, "b": 2,"c":3}'];
    const others = ['{}', '{"a":1}', '{"b":2,"a":1}', '{"b":2,}', '{,"b":2}', '{"b":3}'];
    expect(texts.map((text) => canWrite(schema, text))).toEqual(texts.map(() => true));
    expect(others.map((text) => canWrite(schema, text))).toEqual(others.map(() => false));
  });

  it.each([500, 5000, 100_000])(
    'of %d nested lists are written or refused by a sentence',
    (depth) => {
      let schema: Record<string, unknown> = { type: 'boolean' };
      for (let i = 0; i < depth; i += 1) schema = { type: 'array', items: schema };
      const compile = () => jsonSchemaGrammar(schema);
      if (depth < 1000) expect(compile).not.toThrow();
      else expect(compile).toThrow(/more than 1000 levels deep/);
    },
  );

  it('can be as deep as a schema that refers to itself', () => {
    const schema = {
      $defs: {
        tree: {
          type: 'object',
          properties: { children: { type: 'array', items: { $ref: '#/$defs/tree' } } },
          required: ['children'],
        },
      },
      $ref: '#/$defs/tree',
    };
    const deep = `${'{"children":['.repeat(30)}${']}'.repeat(30)}`;
    expect(canWrite(schema, deep)).toBe(true);
    expect(canWrite(schema, deep.slice(0, -1))).toBe(false);
    for (let round = 0; round < 20; round += 1) {
      const answer = babble(schema, Math.random, 200);
      expect(ajv.validate(schema, JSON.parse(answer)), answer).toBe(true);
    }
  });

  it('counts the characters of a string as both JSON Schema and JavaScript do', () => {
    const schema = { type: 'string', minLength: 2, maxLength: 3 };
    expect(
      ['"a"', '"ab"', '"é日1"', '"abcd"', '"😀"'].map((text) => canWrite(schema, text)),
    ).toEqual([false, true, true, false, false]);
    expect(canWrite({ type: 'string' }, '"😀"')).toBe(true);
  });

  it('can be any branch of oneOf that excludes the others', () => {
    const shape = (kind: string, size: string) => ({
      type: 'object',
      properties: { kind: { const: kind }, [size]: { type: 'integer' } },
      required: ['kind', size],
    });
    const schema = { oneOf: [shape('circle', 'r'), shape('square', 'a'), { type: 'null' }] };
    const texts = ['{"kind":"circle","r":1}', '{"kind":"square","a":1}', 'null'];
    expect(texts.map((text) => canWrite(schema, text))).toEqual([true, true, true]);
    expect(canWrite(schema, '{"kind":"circle","a":1}')).toBe(false);
  });

  it.each<[Schema, string]>([
    [{ type: 'array', uniqueItems: true }, 'has uniqueItems,'],
    [{ not: { type: 'string' } }, 'has not,'],
    [{ type: 'object', properties: { a: { contains: {} } } }, 'at /properties/a has contains,'],
    [{ type: 'object', minProperties: 1 }, 'has minProperties,'],
    [{ if: {}, else: false }, 'has if,'],
    [{ type: 'string', pattern: '(?<!a)b' }, 'at /pattern has (?<!a)'],
    [{ type: 'string', pattern: '\\bword' }, 'at /pattern has \\b'],
    [{ type: 'string', pattern: '(a)\\1' }, 'at /pattern has \\1'],
    [{ $dynamicRef: '#x' }, 'has $dynamicRef,'],
    [{ oneOf: [{ type: 'string' }, { const: 'a' }, {}] }, 'no constant property tells apart'],
    [{ $ref: 'https://example.com/other' }, 'outside the schema'],
  ])('is refused as not supported: %j', (schema, words) => {
    const refusal = () => constraints().forAnswer(schema, 100, scope);
    expect(refusal).toThrow(expect.objectContaining({ code: 'option.unsupported' }));
    expect(refusal).toThrow(words);
  });

  it.each<[Schema, string]>([
    [{ type: 'text' }, 'at /type is "text", which is no type of JSON'],
    [{ type: 'integer', minimum: 3, maximum: 2 }, 'allows no number'],
    [{ type: 'integer', minimum: 2.2, maximum: 2.8 }, 'allows no number'],
    [{ type: 'string', minLength: 3, maxLength: 2 }, 'a minLength above its maxLength'],
    [{ type: 'string', maxLength: -1 }, 'at /maxLength is no count'],
    [{ enum: [] }, 'allows no value'],
    [{ type: 'object', required: ['a'], additionalProperties: false }, 'requires a, which it does'],
    [{ type: 'object', properties: { a: 3 } }, 'at /properties/a is no schema'],
    [{ $ref: '#/$defs/none' }, 'which is not there'],
    [{ $ref: '#' }, 'refers to nothing but itself'],
    [{ anyOf: [{ type: 'null' }, { $ref: '#' }] }, 'refers to nothing but itself'],
    [{ type: 'array', items: { $ref: '#' }, minItems: 1 }, 'values within values without end'],
    [{ not: {} }, 'allows no value'],
    [{ type: 'string', pattern: '(' }, 'at /pattern is no regular expression'],
    [{ type: 'string', pattern: '^a$', minLength: 2 }, 'no string that its pattern and length'],
    [{ type: 'number', multipleOf: 0 }, 'at /multipleOf is not above 0'],
    [{ type: 'integer', multipleOf: 7, minimum: 8, maximum: 13 }, 'allows no number'],
    [{ allOf: [{ type: 'string' }, { type: 'number' }] }, 'allows no value'],
    [{ properties: { a: false }, required: ['a'], type: 'object' }, 'requires a, which it does'],
    [
      {
        type: 'object',
        properties: { abc: {} },
        required: ['abc'],
        propertyNames: { maxLength: 2 },
      },
      'requires abc, which its propertyNames do not allow',
    ],
    [{ $ref: '#missing' }, 'refers to #missing, which is not there'],
  ])('is refused as not valid: %j', (schema, words) => {
    const refusal = () => constraints().forAnswer(schema, 100, scope);
    expect(refusal).toThrow(expect.objectContaining({ code: 'option.invalid' }));
    expect(refusal).toThrow(words);
  });
});

const digit = { type: 'integer', minimum: 0, maximum: 9 };
const yes = { type: 'boolean' };
const closed = (properties: Schema) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
const nested = (depth: number) =>
  Array.from({ length: depth }).reduce<Schema>((items) => ({ type: 'array', items }), yes);

describe('a schema', () => {
  it.each<[string, Schema, string[], string[]]>([
    [
      'refers to an $anchor',
      {
        ...closed({ a: { $ref: '#leaf' } }),
        $defs: { leaf: { $anchor: 'leaf', type: 'integer' } },
      },
      ['{"a":5}'],
      ['{"a":"b"}', '{"a":{}}'],
    ],
    [
      'refers to its own $id',
      {
        $id: 'https://example.com/s',
        ...closed({ a: { $ref: 'https://example.com/s#/$defs/x' }, b: { $ref: 's#/$defs/x' } }),
        $defs: { x: digit },
      },
      ['{"a":7,"b":1}'],
      ['{"a":true,"b":1}'],
    ],
    [
      'refers from within a schema with an $id to that schema',
      {
        ...closed({
          a: {
            $id: 'https://example.com/inner',
            $defs: { q: yes },
            type: 'array',
            items: { $ref: '#/$defs/q' },
          },
        }),
        $defs: { q: digit },
      },
      ['{"a":[true]}'],
      ['{"a":[1]}'],
    ],
    [
      'has names with a slash',
      closed({ a: closed({ b: closed({ x: yes }) }), 'a/properties/b': closed({ x: digit }) }),
      ['{"a":{"b":{"x":true}},"a/properties/b":{"x":7}}'],
      ['{"a":{"b":{"x":7}},"a/properties/b":{"x":7}}'],
    ],
    [
      'refers to names with a slash and a tilde',
      { ...closed({ a: { $ref: '#/$defs/x~1y~0z' } }), $defs: { 'x/y~z': digit } },
      ['{"a":7}'],
      ['{"a":true}'],
    ],
    [
      'has a property that is false',
      { type: 'object', properties: { a: false, b: yes }, required: ['b'] },
      ['{"b":true}'],
      ['{"a":1,"b":true}'],
    ],
    [
      'has propertyNames that an optional property does not keep',
      { type: 'object', properties: { abc: digit, a: digit }, propertyNames: { maxLength: 2 } },
      ['{"a":1}', '{}'],
      ['{"abc":1}'],
    ],
    [
      'has counts with fractions',
      { type: 'array', items: yes, minItems: 1.5, maxItems: 2.5 },
      ['[true,true]'],
      ['[true]', '[true,true,true]'],
    ],
    [
      'has bounds past 1e20',
      { type: 'number', minimum: 1e20, maximum: 1e22 },
      ['100000000000000000001', '10000000000000000000000'],
      ['99999999999999999999', '10000000000000000000001', '5'],
    ],
    [
      'has a least integer of 2^53',
      { type: 'integer', minimum: 2 ** 53 },
      ['9007199254740992', '9007199254740995'],
      ['9007199254740991'],
    ],
    ['lists a value twice', { enum: ['a', 'a'] }, ['"a"'], ['"b"']],
    [
      'has annotations that nobody knows',
      { type: 'boolean', nullable: true, 'x-order': 1 },
      ['true'],
      ['null'],
    ],
    [
      'has keywords of another type',
      { type: 'boolean', minLength: 3, minimum: 9 },
      ['true'],
      ['"abc"'],
    ],
    ['has a format', { type: 'string', format: 'date' }, ['"2024-02-29"'], ['"2023-02-29"']],
    ['has an unknown format', { type: 'string', format: 'shirt' }, ['"a"'], ['1']],
    [
      'is of 22 nested lists',
      nested(22),
      [`${'['.repeat(22)}true${']'.repeat(22)}`],
      [`${'['.repeat(21)}true${']'.repeat(21)}`],
    ],
    ['searches its pattern', { type: 'string', pattern: 'b+c' }, ['"abbcd"', '"bc"'], ['"bd"']],
    ['looks ahead', { type: 'string', pattern: '^(?!.*\\.\\.)[a.]+$' }, ['"a.a"'], ['"a..a"']],
    ['has multipleOf', { type: 'number', multipleOf: 0.1 }, ['0.3', '-2', '1.5'], ['0.35']],
  ])('that %s lets through what is valid alone', (_, schema, valid, others) => {
    expect(valid.filter((text) => !canWrite(schema, text))).toEqual([]);
    expect(others.filter((text) => canWrite(schema, text))).toEqual([]);
  });

  it('of lists within lists grows as they do', () => {
    const size = (depth: number) => jsonSchemaGrammar(nested(depth)).rules.size;
    expect(size(80) - size(40)).toBe(size(40) - size(0));
  });
});

describe('what is worked out for a schema', () => {
  it('is worked out once in each scope, and anew when that was forgotten', () => {
    const all = constraints();
    const working = vi.spyOn(TokenTrie.prototype, 'allowed');
    onTestFinished(() => working.mockRestore());
    const worksFor = (name: string, from: Schema = { type: 'boolean' }) => {
      working.mockClear();
      const constraint = all.forAnswer(from, 100, { name, isForgotten: false });
      constraint.mask(new Float32Array(tokenBytes.length), 100);
      return working.mock.calls.length > 0;
    };
    expect([worksFor('a'), worksFor('a'), worksFor('b'), worksFor('b')]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(worksFor('a', { type: 'null' })).toBe(true);
    all.forget('a');
    expect([worksFor('b'), worksFor('a'), worksFor('a')]).toEqual([false, true, false]);
  });
});
