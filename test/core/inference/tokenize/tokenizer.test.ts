import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { assembleTokenizer } from '../../../../packages/core/src/inference/family/qwen2-vl/assemble-tokenizer.ts';
import { readTokenizerFiles } from '../../../../packages/core/src/inference/files/tokenizer-files.ts';
import { Tokenizer } from '../../../../packages/core/src/inference/tokenize/tokenizer.ts';
import { hasSmolFiles, readSmolJson, referenceFolder, smolNote } from '../../reference-files.ts';
import { describeTiny, tinyFolder, vectors } from '../tiny-model.ts';
import { randomTexts } from './random-texts.ts';

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

interface TokenVectors {
  tokenizers: string;
  seed: number;
  count: number;
  /** The first bytes of the SHA-256 of each text's ids, by the name of the model. */
  models: Record<string, string>;
}

const tokenVectors: TokenVectors = JSON.parse(
  readFileSync(new URL('../../../reference/token-ids.json', import.meta.url), 'utf8'),
);

/** Of each text. */
const hashBytes = 2;

describe(`ids of random texts are those of Python's tokenizers ${tokenVectors.tokenizers}`, () => {
  const folderOf: Record<string, string> = {
    nano: fileURLToPath(new URL('../../../../packages/nano/model', import.meta.url)),
    'tiny-idefics3': tinyFolder,
  };
  const texts = randomTexts(tokenVectors.seed, tokenVectors.count);

  for (const [model, hashes] of Object.entries(tokenVectors.models)) {
    const folder = folderOf[model] ?? `${referenceFolder}/${model}`;
    const isThere = ['tokenizer.json', 'vocab.json'].some((file) =>
      existsSync(`${folder}/${file}`),
    );
    const note = isThere ? model : `${model} (skipped: ${folder} is missing)`;

    it.skipIf(!isThere)(`with the tokenizer of ${note}`, async () => {
      const files = await readTokenizerFiles(folder, {}, { assembleTokenizer });
      const tokenizer = Tokenizer.load(files);
      const expected = Buffer.from(hashes, 'base64');
      const hashed = texts.slice(0, expected.length / hashBytes);
      const wrong = hashed.filter((text, index) => {
        const ids = Uint32Array.from(tokenizer.encode(text));
        const hash = createHash('sha256').update(ids).digest().subarray(0, hashBytes);
        return !hash.equals(expected.subarray(index * hashBytes, (index + 1) * hashBytes));
      });
      expect(wrong).toEqual([]);
    });
  }
});

describe.skipIf(!hasSmolFiles)(`numerals outside ASCII with the tokenizer of ${smolNote}`, () => {
  it.each([
    [' ½', [216, 16738]],
    [' ²', [216, 19133]],
  ])('%j', (text, ids) => {
    const tokenizerJson = JSON.stringify(readSmolJson('tokenizer.json'));
    expect(Tokenizer.load({ tokenizerJson, tokenizerConfig: {} }).encode(text)).toEqual(ids);
  });
});

describe('a tokenizer that keeps digits apart', () => {
  it('gives each numeral of any script tokens of its own', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 });
    const numeral = fc
      .integer({ min: 0, max: 0x1ffff })
      .map((code) => (code >= 0xd800 && code < 0xe000 ? '½' : String.fromCodePoint(code)))
      .filter((character) => /\p{N}/u.test(character));
    fc.assert(
      fc.property(text, numeral, text, (before, digit, after) => {
        expect(tiny.encode(before + digit + after)).toEqual(
          [before, digit, after].flatMap((part) => tiny.encode(part)),
        );
      }),
    );
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
