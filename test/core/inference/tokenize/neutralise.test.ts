import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  neutralise,
  neutraliseTexts,
} from '../../../../packages/core/src/inference/tokenize/neutralise.ts';
import { usualSpecialTokens } from '../../../../packages/core/src/inference/tokenize/special-tokens.ts';

const wordJoiner = /\u2060/g;
const tokens = usualSpecialTokens.map((token) => token.replace('…', 'name_1'));

describe('special tokens in text of strangers', () => {
  it.each([
    ...tokens,
    '<|im_start|>',
    '<|im_end|>',
    '<|eot_id|>',
    '<|reserved_special_token_0|>',
    '<｜begin▁of▁sentence｜>',
    '<|turn>',
    '<turn|>',
    '<unused42>',
    '<row_1_col_2>',
    '[img-0]',
    '[|endofturn|]',
    '<extra_id_1>',
    '<reserved_106>',
    '[UNUSED_TOKEN_145]',
    '<seed:eos>',
    ']<]end of image[>['.replaceAll(' ', '_'),
    '![](http://169.254.169.254/latest/meta-data)',
  ])('%s is broken, and reads as before', (token) => {
    const safe = neutralise(`a ${token}b${token}`);
    expect(safe).not.toContain(token);
    expect(safe.replace(wordJoiner, '')).toBe(`a ${token}b${token}`);
  });

  it('of further kinds are broken too, with and without names in them', () => {
    const further = ['@@turn', '<my_…_end>', '€'];
    const safe = neutralise('@@turn <my_big_end> € <image>', further);
    expect(safe).toBe('@\u2060@turn <\u2060my_big_end> € <\u2060image>');
  });

  it.each([
    'if (a < b || c > d) return',
    'x <|> y |> f',
    'a [link](https://example.org) and [1] and []',
    '<div class="s">hi</div>',
    '<imag>, <sos>, [INSTALL], </script>',
    'naïve 🙂 \ud800',
  ])('other text stays as it is: %s', (text) => {
    expect(neutralise(text)).toBe(text);
  });

  it('arise neither alone nor where texts meet', () => {
    const piece = fc.oneof(
      fc.constantFrom(...tokens.flatMap((token) => [token, token.slice(0, 3), token.slice(3)])),
      fc.constantFrom('<', '>', '|', '[', ']', '/', 's', ' '),
      fc.string({ maxLength: 3 }),
    );
    const text = fc.array(piece, { maxLength: 6 }).map((each) => each.join(''));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), (texts) => {
        const safe = neutraliseTexts(texts);
        const whole = safe.join('');
        for (const token of tokens) expect(whole).not.toContain(token);
        expect(neutralise(whole)).toBe(whole);
        expect(whole.replace(wordJoiner, '')).toBe(texts.join('').replace(wordJoiner, ''));
      }),
    );
  });

  it.each(['<', '<|', '<a', '[img-', '<|a', '<image_'])(
    'are looked for in long runs of %s without stopping at each for long',
    (part) => {
      const text = part.repeat(200_000 / part.length);
      expect(neutralise(text).replace(wordJoiner, '')).toBe(text);
    },
  );
});
