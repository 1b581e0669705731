import fc from 'fast-check';

const surrogates = { first: 0xd800, count: 0x800 };
const lastCodePoint = 0x10ffff;

/**
 * Any character of Unicode, surrogates aside: what fast-check calls `unit: 'binary'`, which takes a second of its own
 * to list them all.
 */
const anyCharacter = fc.integer({ min: 0, max: lastCodePoint - surrogates.count }).map(
  (index) => String.fromCodePoint(index < surrogates.first ? index : index + surrogates.count),
  (character) => {
    const codePoint = typeof character === 'string' ? character.codePointAt(0) : undefined;
    if (codePoint === undefined || String.fromCodePoint(codePoint) !== character)
      throw new Error('This is not one character.');
    return codePoint < surrogates.first ? codePoint : codePoint - surrogates.count;
  },
);

/** Any text, of any characters. */
export function anyText(constraints: { minLength?: number; maxLength?: number } = {}) {
  return fc.string({ ...constraints, unit: anyCharacter });
}
