import type { LanguageOpener } from './language.js';

/** A piece of a grammar over bytes. */
export type Rule =
  /** One byte out of these ranges, both ends included. */
  | { type: 'byte'; ranges: readonly (readonly [number, number])[] }
  | { type: 'sequence'; rules: readonly Rule[] }
  | { type: 'choice'; rules: readonly Rule[] }
  /** `max` may be infinite. */
  | { type: 'repeat'; rule: Rule; min: number; max: number }
  /** A text of a regular language. */
  | { type: 'language'; open: LanguageOpener }
  /** A rule of the grammar by its name, which may be the one that this is part of. */
  | { type: 'call'; name: string };

/** Rules by name; a text is a `start`. @internal */
export interface Grammar {
  rules: ReadonlyMap<string, Rule>;
  start: Rule;
}

export const nothing: Rule = { type: 'sequence', rules: [] };

/** No text at all. */
export const never: Rule = { type: 'choice', rules: [] };

export const sequence = (...rules: Rule[]): Rule => ({ type: 'sequence', rules });

export const choice = (...rules: Rule[]): Rule => {
  const [only] = rules;
  return rules.length === 1 && only !== undefined ? only : { type: 'choice', rules };
};

export const repeat = (rule: Rule, min: number, max: number): Rule => ({
  type: 'repeat',
  rule,
  min,
  max,
});

export const optional = (rule: Rule): Rule => choice(nothing, rule);

export const call = (name: string): Rule => ({ type: 'call', name });

/** One byte; `ranges` are pairs of ASCII characters such as `09`, or of numbers. */
export const byte = (...ranges: (string | readonly [number, number])[]): Rule => ({
  type: 'byte',
  ranges: ranges.map((range) =>
    typeof range === 'string'
      ? ([range.charCodeAt(0), range.charCodeAt(range.length - 1)] as const)
      : range,
  ),
});

/** Exactly this text, in UTF-8. */
export const literal = (text: string): Rule =>
  sequence(...[...Buffer.from(text, 'utf8')].map((each) => byte([each, each])));
