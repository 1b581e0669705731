import { usualSpecialTokens } from './special-tokens.js';

const wordJoiner = '\u2060';

/** Of a name in a special token; longer ones are none, and a bound keeps the search linear. */
const maxNameLength = 64;

/**
 * Text from strangers in which special tokens have lost their meaning: an invisible word joiner
 * after their first character keeps `<image>` or `<end_of_utterance>` readable but plain text, so
 * that nobody can forge a turn or a picture. Other text comes back unchanged. `furtherTokens` are those of the
 * model at hand, besides {@link usualSpecialTokens}; `…` in one stands for a name.
 */
export function neutralise(text: string, furtherTokens: readonly string[] = []): string {
  const safe = text.replace(usual, `$&${wordJoiner}`);
  return furtherTokens.length === 0
    ? safe
    : safe.replace(patternOf(furtherTokens), `$&${wordJoiner}`);
}

/**
 * Like {@link neutralise} for texts that stand one after the other: no special token arises where two
 * of them meet either.
 */
export function neutraliseTexts(
  texts: readonly string[],
  furtherTokens: readonly string[] = [],
): string[] {
  const longest = Math.max(
    ...[...usualSpecialTokens, ...furtherTokens].map(({ length }) => length),
  );
  let before = '';
  return texts.map((text) => {
    const alone = neutralise(text, furtherTokens);
    const joined = before + alone;
    const safe = neutralise(joined, furtherTokens) === joined ? alone : wordJoiner + alone;
    before = (before + safe).slice(-(longest + maxNameLength));
    return safe;
  });
}

const usual = toPattern(usualSpecialTokens);
/** By the list itself: that of a model stays the same. */
const patterns = new WeakMap<readonly string[], RegExp>();

function patternOf(tokens: readonly string[]): RegExp {
  const known = patterns.get(tokens);
  if (known !== undefined) return known;
  const pattern = toPattern(tokens);
  patterns.set(tokens, pattern);
  return pattern;
}

/** The first character of each token, where the rest follows. Single characters are no special tokens. */
function toPattern(tokens: readonly string[]): RegExp {
  const restsByFirst = new Map<string, string[]>();
  for (const [first = '', ...rest] of tokens.map((token) => Array.from(token))) {
    if (rest.length === 0) continue;
    restsByFirst.set(first, [...(restsByFirst.get(first) ?? []), toRest(rest)]);
  }
  const alternatives = [...restsByFirst].map(
    ([first, same]) => `${literal(first)}(?=${same.join('|')})`,
  );
  return new RegExp(alternatives.join('|') || '(?!)', 'gu');
}

function toRest(characters: readonly string[]): string {
  return characters
    .map((each) => (each === '…' ? `[^\\s<>|｜\\[\\]\u2060]{1,${maxNameLength}}` : literal(each)))
    .join('');
}

/** A character as it stands in a pattern. */
function literal(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
