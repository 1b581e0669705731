import { call, choice, literal, optional, type Rule, repeat, sequence } from './grammar.js';
import { anyNumber } from './number-rules.js';
import { anyText } from './regex/character-automaton.js';
import { type StringForm, StringLanguage } from './string-language.js';

/** Between the signs of JSON: nothing or one space, as Python and JavaScript write it. */
export const blank: Rule = optional(literal(' '));

/** A string whose characters, decoded, are of a form. */
export const stringRule = (form: StringForm): Rule => ({
  type: 'language',
  open: (usable) => new StringLanguage(form, usable),
});

/** `open` items `close`, with commas between them; `min` to `max` of them. `item` is written twice. */
export function listRule(open: string, item: Rule, close: string, min: number, max: number): Rule {
  if (max === 0) return literal(`${open}${close}`);
  const more = repeat(sequence(literal(','), blank, item), Math.max(0, min - 1), max - 1);
  const items = sequence(item, more);
  return sequence(literal(open), min === 0 ? optional(items) : items, literal(close));
}

const whateverName = '(any value)';

/** Any value; {@link whateverRules} must be in the grammar. */
export const whatever: Rule = call(whateverName);

/** Any string. */
export const anyString = stringRule({
  characters: anyText,
  min: 0,
  max: Number.POSITIVE_INFINITY,
  allowsAstral: true,
});

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
