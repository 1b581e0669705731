import { byte, call, choice, literal, optional, type Rule, repeat, sequence } from './grammar.js';
import { anyNumber } from './number-rules.js';

/** Between the signs of JSON: nothing or one space, as Python and JavaScript write it. */
export const blank: Rule = optional(literal(' '));

const tail = byte([0x80, 0xbf]);
const hex = byte('09', 'af', 'AF');

/** A character of the basic plane in UTF-8, other than those that JSON escapes. */
const plainCharacter = choice(
  byte([0x20, 0x21], [0x23, 0x5b], [0x5d, 0x7e]),
  sequence(byte([0xc2, 0xdf]), tail),
  sequence(byte([0xe0, 0xe0]), byte([0xa0, 0xbf]), tail),
  sequence(byte([0xe1, 0xec], [0xee, 0xef]), tail, tail),
  // U+D800 to U+DFFF are halves of characters.
  sequence(byte([0xed, 0xed]), byte([0x80, 0x9f]), tail),
);

const escaped = sequence(
  literal('\\'),
  choice(
    byte('"', '\\', '/', 'b', 'f', 'n', 'r', 't'),
    sequence(
      literal('u'),
      choice(
        sequence(byte('09', 'ac', 'AC', 'ef', 'EF'), hex, hex, hex),
        sequence(byte('d', 'D'), byte('07'), hex, hex),
      ),
    ),
  ),
);

const astralCharacter = choice(
  sequence(byte([0xf0, 0xf0]), byte([0x90, 0xbf]), tail, tail),
  sequence(byte([0xf1, 0xf3]), tail, tail, tail),
  sequence(byte([0xf4, 0xf4]), byte([0x80, 0x8f]), tail, tail),
);

/**
 * A string of `min` to `max` characters. Where they are counted, none is beyond the basic plane:
 * JSON Schema counts those as one, JavaScript as two.
 */
export function stringRule(min: number, max: number): Rule {
  const isCounted = Number.isFinite(max);
  const character = isCounted
    ? choice(plainCharacter, escaped)
    : choice(plainCharacter, escaped, astralCharacter);
  return sequence(literal('"'), repeat(character, min, max), literal('"'));
}

/** `open` items `close`, with commas between them; `min` to `max` of them. */
export function listRule(open: string, item: Rule, close: string, min: number, max: number): Rule {
  if (max === 0) return literal(`${open}${close}`);
  const more = repeat(
    sequence(literal(','), blank, item),
    Math.max(0, min - 1),
    max === Number.POSITIVE_INFINITY ? max : max - 1,
  );
  const items = sequence(item, more);
  return sequence(literal(open), min === 0 ? optional(items) : items, literal(close));
}

const whateverName = '(any value)';

/** Any value; {@link whateverRules} must be in the grammar. */
export const whatever: Rule = call(whateverName);
const anyString = stringRule(0, Number.POSITIVE_INFINITY);

/** Any object. */
export const anyObject: Rule = listRule(
  '{',
  sequence(anyString, literal(':'), blank, whatever),
  '}',
  0,
  Number.POSITIVE_INFINITY,
);

/** Any list. */
export const anyArray: Rule = listRule('[', whatever, ']', 0, Number.POSITIVE_INFINITY);

/** The rules that {@link whatever} calls. */
export const whateverRules: ReadonlyMap<string, Rule> = new Map([
  [
    whateverName,
    choice(
      anyObject,
      anyArray,
      anyString,
      anyNumber,
      literal('true'),
      literal('false'),
      literal('null'),
    ),
  ],
]);
