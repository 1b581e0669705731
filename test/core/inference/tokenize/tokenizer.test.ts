import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Tokenizer } from '../../../../packages/core/src/inference/tokenize/tokenizer.ts';
import { hasSmolFiles, readSmolJson, smolNote } from '../../reference-files.ts';
import { describeTiny, vectors } from '../tiny-model.ts';

const smolVectors: {
  transformers: string;
  strings: { text: string; count: number; sha256: string; decoded: string }[];
} = JSON.parse(readFileSync(new URL('../../../reference/prompts.json', import.meta.url), 'utf8'));

let tiny: Tokenizer;
beforeAll(async () => {
  tiny = Tokenizer.load((await describeTiny()).tokenizer);
});

const named = <T extends { text: string }>(strings: readonly T[]) =>
  strings.map((each) => ({ name: JSON.stringify(each.text), ...each }));

describe(`token ids are those of transformers ${vectors.transformers}`, () => {
  it.each(named(vectors.strings))('$name', ({ text, ids, decoded }) => {
    expect(tiny.encode(text)).toEqual(ids);
    expect(tiny.decode(ids, { keepSpecialTokens: true })).toBe(decoded);
  });
});

describe.skipIf(!hasSmolFiles)(`token ids of ${smolNote}`, () => {
  let smol: Tokenizer;
  beforeAll(() => {
    smol = Tokenizer.load({
      tokenizerJson: JSON.stringify(readSmolJson('tokenizer.json')),
      tokenizerConfig: readSmolJson('tokenizer_config.json'),
    });
  });

  it.each(named(smolVectors.strings))('$name', ({ text, count, sha256, decoded }) => {
    const ids = smol.encode(text);
    expect(ids).toHaveLength(count);
    expect(createHash('sha256').update(Uint32Array.from(ids)).digest('hex')).toBe(sha256);
    expect(smol.decode(ids, { keepSpecialTokens: true })).toBe(decoded);
  });
});

describe('a byte-level tokenizer', () => {
  it.each(['binary', 'grapheme', 'binary-ascii'] as const)('gives back any text of %s', (unit) => {
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), (text) => {
        expect(tiny.decode(tiny.encode(text), { keepSpecialTokens: true })).toBe(text);
      }),
    );
  });

  it('writes half a character as the replacement character', () => {
    const half = tiny.encode('🙂').slice(0, -1);
    expect(tiny.decode(half)).toMatch(/^\uFFFD+$/);
  });

  it('writes half a surrogate pair as the replacement character', () => {
    expect(tiny.decode(tiny.encode('a\ud83d'))).toBe('a\uFFFD');
  });
});

describe('added tokens', () => {
  it('are one token each, wherever they stand', () => {
    for (const token of tiny.specialTokens) {
      const id = tiny.tokenToId(token);
      expect(tiny.encode(token)).toEqual([id]);
      expect(tiny.encode(`x${token}${token}y`).filter((each) => each === id)).toHaveLength(2);
    }
  });

  it('are left out of text unless they are kept', () => {
    const ids = tiny.encode('red<end_of_utterance> circle');
    expect(tiny.decode(ids)).toBe('red circle');
    expect(tiny.decode(ids, { keepSpecialTokens: true })).toBe('red<end_of_utterance> circle');
  });

  it('that do not exist have no id', () => {
    expect(tiny.tokenToId('<no_such_token>')).toBeUndefined();
  });

  it('among them are the places of pictures and turns', () => {
    expect(tiny.specialTokens).toEqual(
      expect.arrayContaining(['<image>', '<global-img>', '<row_4_col_4>', '<end_of_utterance>']),
    );
  });
});

describe('files that describe no tokenizer', () => {
  it.each(['{}', '{"model": {"type": "Magic"}}', '{"model": null}', 'null', '{'])(
    '%j are refused',
    (tokenizerJson) => {
      expect(() => Tokenizer.load({ tokenizerJson, tokenizerConfig: {} })).toThrow(
        expect.objectContaining({ code: 'model.invalidConfig' }),
      );
    },
  );
});
