import type { Rule } from './grammar.js';
import { anyString, stringRule } from './json-rules.js';
import type { RuleMaker } from './json-schema-grammar.js';
import { anyText, patternAutomaton } from './regex/character-automaton.js';
import { PatternUnsupported } from './regex/pattern-terms.js';
import type { PlainSchema } from './schema-conjunction.js';
import { countsOf } from './schema-counts.js';
import { invalidSchema, unsupportedSchema } from './schema-errors.js';
import type { Schema } from './schema-keywords.js';
import { formatPatterns } from './string-formats.js';

/** Patterns that a string must not match; written by no schema. */
export const outsidePatterns: unique symbol = Symbol('outsidePatterns');

/** Strings that are valid under all of `plain`. */
export function jsonStringRule(
  plain: readonly PlainSchema[],
  path: string,
  maker: RuleMaker,
): Rule {
  const { min, max } = countsOf(plain, 'minLength', 'maxLength');
  if (min > max) return maker.impossible(path, 'has a minLength above its maxLength');
  const patterns = plain.flatMap(patternsOf);
  const others = plain.flatMap(({ schema }) => othersOf(schema));
  if (patterns.length === 0 && others.length === 0) {
    if (min === 0 && max === Infinity) return anyString;
    // JSON Schema counts characters beyond the basic plane as one, JavaScript as two.
    return stringRule({ characters: anyText, min, max, allowsAstral: max === Infinity });
  }
  const characters = automatonOf([...new Set(patterns)], [...new Set(others)], path);
  const rule = stringRule({ characters, min, max, allowsAstral: false });
  return maker.isPossible(rule)
    ? rule
    : maker.impossible(path, 'allows no string that its pattern and length match');
}

function patternsOf({ schema, path }: PlainSchema): string[] {
  const { pattern, format } = schema;
  if (pattern === undefined) {
    const known = typeof format === 'string' ? formatPatterns.get(format) : undefined;
    return known === undefined ? [] : [known];
  }
  if (typeof pattern !== 'string') throw invalidSchema(`${path}/pattern`, 'is no text');
  return [pattern];
}

function othersOf(schema: Schema & { [outsidePatterns]?: readonly string[] }): readonly string[] {
  return schema[outsidePatterns] ?? [];
}

function automatonOf(patterns: readonly string[], others: readonly string[], path: string) {
  try {
    return patternAutomaton(patterns, others);
  } catch (error) {
    if (error instanceof PatternUnsupported) {
      throw unsupportedSchema(`${path}/pattern`, error.message);
    }
    if (!(error instanceof SyntaxError)) throw error;
    throw invalidSchema(`${path}/pattern`, `is no regular expression (${error.message})`);
  }
}
